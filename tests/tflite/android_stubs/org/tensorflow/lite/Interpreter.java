package org.tensorflow.lite;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Multiplies by a matrix. A "model" is ten little-endian words: number of inputs, outputs, pixels and classes, the position of
 * the dtype in {@link DataType}, scale and zero point of the input, of the output, and one that is not used; then the matrix,
 * [pixels, classes] of floats.
 */
public final class Interpreter implements InterpreterApi {

  /** How it runs. */
  public static class Options extends InterpreterApi.Options {
    public Options() {}

    @Override
    public Options setNumThreads(int numThreads) {
      super.setNumThreads(numThreads);
      return this;
    }

    @Override
    public Options addDelegate(Delegate delegate) {
      super.addDelegate(delegate);
      return this;
    }
  }

  private final ByteBuffer model;
  private final Fixed input;
  private final Fixed output;
  private final String name;
  private boolean closed;

  public Interpreter(ByteBuffer byteBuffer, Options options) {
    if (!byteBuffer.isDirect()) {
      throw new IllegalArgumentException("Model ByteBuffer should be a MappedByteBuffer or direct.");
    }
    if (options.delegate != null && !Phone.gpuTakesTheModel) {
      throw new IllegalArgumentException("Internal error: Error applying delegate");
    }
    model = byteBuffer.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    DataType type = DataType.values()[model.getInt(16)];
    input = new Fixed(type, model.getInt(8), model.getFloat(20), model.getInt(24));
    output = new Fixed(type, model.getInt(12), model.getFloat(28), model.getInt(32));
    name = "interpreter(" + options.numThreads + (options.delegate == null ? "" : ", gpu") + ")";
    Phone.open(name);
  }

  @Override
  public int getInputTensorCount() {
    return model.getInt(0);
  }

  @Override
  public Tensor getInputTensor(int inputIndex) {
    return input;
  }

  @Override
  public int getOutputTensorCount() {
    return model.getInt(4);
  }

  @Override
  public Tensor getOutputTensor(int outputIndex) {
    return output;
  }

  @Override
  public void run(Object from, Object to) {
    if (closed) {
      throw new IllegalStateException("Internal error: The Interpreter has already been closed.");
    }
    ByteBuffer source = (ByteBuffer) from;
    ByteBuffer target = (ByteBuffer) to;
    if (source.capacity() != input.numBytes() || target.capacity() < output.numBytes()) {
      throw new IllegalArgumentException("Cannot copy to a TensorFlowLite tensor: wrong number of bytes.");
    }
    // The real one takes the bytes of a direct buffer whatever its position, but writes at the position of the target.
    ByteBuffer bytes = source.duplicate().order(source.order());
    bytes.rewind();
    double[] sums = new double[output.numElements()];
    for (int i = 0; i < input.numElements(); i++) {
      double pixel = input.get(bytes);
      for (int j = 0; j < sums.length; j++) {
        sums[j] += pixel * model.getFloat(40 + 4 * (i * sums.length + j));
      }
    }
    for (double sum : sums) {
      output.put(target, sum);
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      Phone.close(name);
    }
  }

  /** A tensor of one dtype and size. */
  private static final class Fixed implements Tensor {
    private final DataType type;
    private final int size;
    private final QuantizationParams stored;

    Fixed(DataType type, int size, float scale, int zeroPoint) {
      this.type = type;
      this.size = size;
      stored = new QuantizationParams(scale, zeroPoint);
    }

    double get(ByteBuffer bytes) {
      return type == DataType.INT8
          ? (double) stored.getScale() * (bytes.get() - stored.getZeroPoint())
          : bytes.getFloat();
    }

    void put(ByteBuffer bytes, double value) {
      if (type == DataType.INT8) {
        long step = Math.round(value / stored.getScale()) + stored.getZeroPoint();
        bytes.put((byte) Math.max(-128, Math.min(127, step)));
      } else {
        bytes.putFloat((float) value);
      }
    }

    @Override
    public DataType dataType() {
      return type;
    }

    @Override
    public int numBytes() {
      return type == DataType.INT8 ? size : 4 * size;
    }

    @Override
    public int numElements() {
      return size;
    }

    @Override
    public int[] shape() {
      return new int[] {1, size};
    }

    @Override
    public QuantizationParams quantizationParams() {
      return stored;
    }
  }
}
