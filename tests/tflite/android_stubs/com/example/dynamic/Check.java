package com.example.dynamic;

import android.content.res.AssetManager;
import java.io.DataInputStream;
import java.io.File;
import java.io.FileInputStream;
import java.util.ArrayList;
import java.util.List;
import org.tensorflow.lite.Phone;

/** The test's program: does one thing with the classifier, and prints what comes out, a name and values on each line. */
public final class Check {
  private Check() {}

  public static void main(String[] arguments) throws Exception {
    String task = arguments[0];
    File model = new File(arguments[1]);
    if (task.equals("classify")) {
      try (Classifier classifier = new Classifier(Classifier.map(model), 3, false)) {
        for (float[] pixels : images(arguments[2])) {
          print("scores", classifier.scores(pixels));
          StringBuilder line = new StringBuilder("top");
          for (Classifier.Score score : classifier.classify(pixels, Integer.parseInt(arguments[3]))) {
            line.append(" ").append(score.index).append(":").append(score.value);
          }
          System.out.println(line);
        }
      }
    } else if (task.equals("asset")) {
      try (Classifier classifier = new Classifier(Classifier.map(new AssetManager(model), "model.tflite"), 1, false)) {
        print("scores", classifier.scores(images(arguments[2]).get(0)));
      }
    } else if (task.equals("gpu")) {
      Phone.hasGpu = arguments[3].contains("has");
      Phone.gpuTakesTheModel = arguments[3].contains("takes");
      try (Classifier classifier = new Classifier(Classifier.map(model), 4, true)) {
        System.out.println("gpu " + classifier.onGpu());
        print("scores", classifier.scores(images(arguments[2]).get(0)));
      }
    } else if (task.equals("compare")) {
      try (Classifier a = new Classifier(Classifier.map(model), 1, false);
          Classifier b = new Classifier(Classifier.map(new File(arguments[3])), 1, false)) {
        System.out.println("difference " + Classifier.relativeDifference(a, b, images(arguments[2])));
      }
    } else if (task.equals("median")) {
      System.out.println("odd " + Classifier.median(new long[] {9, 1, 5}));
      System.out.println("even " + Classifier.median(new long[] {8, 1, 5, 2}));
      try (Classifier classifier = new Classifier(Classifier.map(model), 1, false)) {
        System.out.println("milliseconds " + classifier.medianMilliseconds(images(arguments[2]).get(0), 20));
      }
    } else if (task.equals("refuse")) {
      try (Classifier classifier = new Classifier(Classifier.map(model), 1, false)) {
        classifier.scores(new float[2]);
      } catch (IllegalArgumentException error) {
        System.out.println("error " + error.getMessage());
      }
    }
    System.out.println("log " + String.join(" ", Phone.LOG));
  }

  /** Images from a file: their number and size, then floats, all big-endian. */
  private static List<float[]> images(String path) throws Exception {
    List<float[]> images = new ArrayList<>();
    try (DataInputStream stream = new DataInputStream(new FileInputStream(path))) {
      int count = stream.readInt();
      int size = stream.readInt();
      for (int i = 0; i < count; i++) {
        float[] pixels = new float[size];
        for (int j = 0; j < size; j++) {
          pixels[j] = stream.readFloat();
        }
        images.add(pixels);
      }
    }
    return images;
  }

  private static void print(String name, float[] values) {
    StringBuilder line = new StringBuilder(name);
    for (float value : values) {
      line.append(" ").append(value);
    }
    System.out.println(line);
  }
}
