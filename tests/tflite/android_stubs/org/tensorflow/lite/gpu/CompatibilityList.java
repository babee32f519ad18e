package org.tensorflow.lite.gpu;

import java.io.Closeable;
import org.tensorflow.lite.Phone;

/** Which phones' GPUs are known to work. */
public class CompatibilityList implements Closeable {
  public CompatibilityList() {
    Phone.open("list");
  }

  public boolean isDelegateSupportedOnThisDevice() {
    return Phone.hasGpu;
  }

  public GpuDelegate.Options getBestOptionsForThisDevice() {
    return new GpuDelegate.Options();
  }

  @Override
  public void close() {
    Phone.close("list");
  }
}
