package org.tensorflow.lite.gpu;

/** Makes GPU delegates; here only the place of their options. */
public class GpuDelegateFactory {

  /** Of a delegate. */
  public static class Options {
    public Options() {}
  }
}
