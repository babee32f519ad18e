package org.tensorflow.lite.gpu;

import org.tensorflow.lite.Delegate;
import org.tensorflow.lite.Phone;

/** Runs a graph on the GPU. */
public class GpuDelegate implements Delegate {

  /** Kept beside the factory's for older code. */
  public static final class Options extends GpuDelegateFactory.Options {}

  public GpuDelegate(GpuDelegateFactory.Options options) {
    if (!Phone.hasGpu) {
      throw new IllegalStateException("no such GPU");
    }
    Phone.open("gpu");
  }

  @Override
  public long getNativeHandle() {
    return 1;
  }

  @Override
  public void close() {
    Phone.close("gpu");
  }
}
