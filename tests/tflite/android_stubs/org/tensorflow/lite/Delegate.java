package org.tensorflow.lite;

import java.io.Closeable;

/** A native delegate. */
public interface Delegate extends Closeable {
  long getNativeHandle();

  @Override
  default void close() {}
}
