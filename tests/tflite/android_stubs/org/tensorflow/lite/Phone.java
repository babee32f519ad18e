package org.tensorflow.lite;

import java.util.ArrayList;
import java.util.List;

/** What the phone of the test is like, and what was opened and closed on it. No part of LiteRT. */
public final class Phone {
  public static boolean hasGpu = false;
  public static boolean gpuTakesTheModel = true;
  public static final List<String> LOG = new ArrayList<>();

  private Phone() {}

  public static void open(String what) {
    LOG.add("+" + what);
  }

  public static void close(String what) {
    LOG.add("-" + what);
  }
}
