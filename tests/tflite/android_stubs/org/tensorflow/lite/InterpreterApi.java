package org.tensorflow.lite;

/** What an interpreter can do. */
public interface InterpreterApi extends AutoCloseable {

  /** How it does it. */
  class Options {
    int numThreads = -1;
    Delegate delegate;

    public Options() {}

    public Options setNumThreads(int numThreads) {
      this.numThreads = numThreads;
      return this;
    }

    public Options addDelegate(Delegate delegate) {
      this.delegate = delegate;
      return this;
    }
  }

  void run(Object input, Object output);

  int getInputTensorCount();

  Tensor getInputTensor(int inputIndex);

  int getOutputTensorCount();

  Tensor getOutputTensor(int outputIndex);

  @Override
  void close();
}
