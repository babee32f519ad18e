package com.example.dynamic;

import android.content.res.AssetFileDescriptor;
import android.content.res.AssetManager;
import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.tensorflow.lite.DataType;
import org.tensorflow.lite.Interpreter;
import org.tensorflow.lite.Tensor;
import org.tensorflow.lite.gpu.CompatibilityList;
import org.tensorflow.lite.gpu.GpuDelegate;

/**
 * An image classifier from {@code tfdynconv.export.to_tflite} on Android, with LiteRT's Interpreter API.
 *
 * <p>{@code build.gradle.kts}; the last two for the GPU alone (then leave out what names it here if you do not want them):
 *
 * <pre>{@code
 * implementation("com.google.ai.edge.litert:litert:1.4.2")
 * implementation("com.google.ai.edge.litert:litert-gpu:1.4.2")
 * implementation("com.google.ai.edge.litert:litert-gpu-api:1.4.2")
 * }</pre>
 *
 * <pre>{@code
 * try (Classifier classifier = new Classifier(Classifier.map(getAssets(), "model.tflite"), 2, false)) {
 *   for (Classifier.Score score : classifier.classify(pixels, 3)) {
 *     Log.i("classifier", labels.get(score.index) + " " + score.value);
 *   }
 *   Log.i("classifier", classifier.medianMilliseconds(pixels, 50) + " ms");
 * }
 * }</pre>
 *
 * <p>Not for several threads at once, and on a GPU always for the thread that made it: both are rules of LiteRT.
 */
public final class Classifier implements AutoCloseable {

  /** A class and how much the model is for it. */
  public static final class Score {
    public final int index;
    public final float value;

    Score(int index, float value) {
      this.index = index;
      this.value = value;
    }
  }

  private static final int WARM_UP = 5;

  private final GpuDelegate gpu; // null on the CPU
  private final Interpreter interpreter;
  private final Tensor inputTensor;
  private final Tensor outputTensor;
  private final ByteBuffer input;
  private final ByteBuffer output;

  /** Maps a model among the app's assets, where it must lie uncompressed, as the Android Gradle plugin keeps a .tflite. */
  public static MappedByteBuffer map(AssetManager assets, String name) throws IOException {
    try (AssetFileDescriptor asset = assets.openFd(name);
        FileInputStream stream = new FileInputStream(asset.getFileDescriptor())) {
      // all assets lie in one file: the model is a part of it
      return stream
          .getChannel()
          .map(FileChannel.MapMode.READ_ONLY, asset.getStartOffset(), asset.getDeclaredLength());
    }
  }

  /** Maps a model in a file of its own, one that the app downloaded for example. */
  public static MappedByteBuffer map(File file) throws IOException {
    try (FileInputStream stream = new FileInputStream(file)) {
      return stream.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, file.length());
    }
  }

  /**
   * @param model a .tflite with one image as its input and the scores as its output, float32 or int8.
   * @param threads of the CPU; as many as the phone has fast cores are the most that help.
   * @param wantGpu tries the GPU, for which export with {@code form="constant"}; {@link #onGpu} tells whether it took it.
   */
  public Classifier(MappedByteBuffer model, int threads, boolean wantGpu) {
    GpuDelegate delegate = wantGpu ? gpuOfThisPhone() : null;
    Interpreter made = null;
    if (delegate != null) {
      try {
        made = new Interpreter(model, new Interpreter.Options().addDelegate(delegate));
      } catch (IllegalArgumentException refused) { // an op that this GPU does not know, for example
        delegate.close();
        delegate = null;
      }
    }
    if (made == null) {
      made = new Interpreter(model, new Interpreter.Options().setNumThreads(threads));
    }
    gpu = delegate;
    interpreter = made;
    try {
      require(made.getInputTensorCount() == 1 && made.getOutputTensorCount() == 1, "one input and one output");
      inputTensor = made.getInputTensor(0);
      outputTensor = made.getOutputTensor(0);
      require(known(inputTensor) && known(outputTensor), "float32 or int8");
      input = buffer(inputTensor);
      output = buffer(outputTensor);
    } catch (RuntimeException error) {
      close();
      throw error;
    }
  }

  /** Whether the GPU runs the model. */
  public boolean onGpu() {
    return gpu != null;
  }

  /**
   * @param pixels row by row, the channels of a pixel together, scaled as in training; as many as the input has.
   * @return the output of the model; numbers also where it is quantized.
   */
  public float[] scores(float[] pixels) {
    require(pixels.length == inputTensor.numElements(), inputTensor.numElements() + " pixel values, not " + pixels.length);
    write(pixels);
    output.rewind();
    interpreter.run(input, output);
    return read();
  }

  /** The {@code top} highest scores, the highest first; equal ones in the order of their classes. */
  public List<Score> classify(float[] pixels, int top) {
    float[] scores = scores(pixels);
    List<Score> sorted = new ArrayList<>();
    for (int i = 0; i < scores.length; i++) {
      sorted.add(new Score(i, scores[i]));
    }
    sorted.sort((a, b) -> Float.compare(b.value, a.value)); // keeps the order of equal ones
    return sorted.subList(0, Math.min(top, sorted.size()));
  }

  /** The median time of {@code runs} images after some that do not count. A warm phone is slower: repeat. */
  public double medianMilliseconds(float[] pixels, int runs) {
    require(runs > 0, "at least one run");
    long[] nanoseconds = new long[runs];
    for (int i = -WARM_UP; i < runs; i++) {
      long begin = System.nanoTime();
      scores(pixels);
      if (i >= 0) {
        nanoseconds[i] = System.nanoTime() - begin;
      }
    }
    return median(nanoseconds) / 1e6;
  }

  /** {@code max |b - a| / max |a|} over all scores of these images: for two forms of one model, or for CPU and GPU. */
  public static double relativeDifference(Classifier a, Classifier b, List<float[]> images) {
    double apart = 0;
    double largest = 0;
    for (float[] pixels : images) {
      float[] first = a.scores(pixels);
      float[] second = b.scores(pixels);
      require(first.length == second.length, "models with as many classes");
      for (int i = 0; i < first.length; i++) {
        apart = Math.max(apart, Math.abs((double) second[i] - first[i])); // NaN stays NaN
        largest = Math.max(largest, Math.abs((double) first[i]));
      }
    }
    return apart == 0 ? 0 : apart / largest;
  }

  /** The interpreter first, for it uses the delegate. */
  @Override
  public void close() {
    interpreter.close();
    if (gpu != null) {
      gpu.close();
    }
  }

  static double median(long[] values) {
    long[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2.0;
  }

  private static GpuDelegate gpuOfThisPhone() {
    try (CompatibilityList phones = new CompatibilityList()) {
      return phones.isDelegateSupportedOnThisDevice() ? new GpuDelegate(phones.getBestOptionsForThisDevice()) : null;
    }
  }

  private static boolean known(Tensor tensor) {
    return tensor.dataType() == DataType.FLOAT32 || tensor.dataType() == DataType.INT8;
  }

  /** Direct and in the processor's order: LiteRT copies such a buffer at once. Made once, used for every image. */
  private static ByteBuffer buffer(Tensor tensor) {
    return ByteBuffer.allocateDirect(tensor.numBytes()).order(ByteOrder.nativeOrder());
  }

  private void write(float[] pixels) {
    input.rewind();
    if (inputTensor.dataType() == DataType.FLOAT32) {
      input.asFloatBuffer().put(pixels);
      return;
    }
    Tensor.QuantizationParams stored = inputTensor.quantizationParams();
    for (float pixel : pixels) {
      double step = Math.rint((double) pixel / stored.getScale()) + stored.getZeroPoint();
      input.put((byte) Math.max(Byte.MIN_VALUE, Math.min(Byte.MAX_VALUE, step)));
    }
    input.rewind();
  }

  private float[] read() {
    float[] scores = new float[outputTensor.numElements()];
    output.rewind();
    if (outputTensor.dataType() == DataType.FLOAT32) {
      output.asFloatBuffer().get(scores);
      return scores;
    }
    Tensor.QuantizationParams stored = outputTensor.quantizationParams();
    for (int i = 0; i < scores.length; i++) {
      scores[i] = stored.getScale() * (output.get() - stored.getZeroPoint());
    }
    return scores;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("Classifier needs " + what + ".");
    }
  }
}
