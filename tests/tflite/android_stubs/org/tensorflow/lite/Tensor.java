package org.tensorflow.lite;

/** An input or output. */
public interface Tensor {

  /** {@code scale * (q - zeroPoint)}. */
  class QuantizationParams {
    private final float scale;
    private final int zeroPoint;

    public QuantizationParams(float scale, int zeroPoint) {
      this.scale = scale;
      this.zeroPoint = zeroPoint;
    }

    public float getScale() {
      return scale;
    }

    public int getZeroPoint() {
      return zeroPoint;
    }
  }

  DataType dataType();

  int numBytes();

  int numElements();

  int[] shape();

  QuantizationParams quantizationParams();
}
