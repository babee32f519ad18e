package android.content.res;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;

/** The assets are the parts of one file, as in an app: here a model behind 4,096 other bytes. */
public final class AssetManager {
  private final File file;

  public AssetManager(File file) {
    this.file = file;
  }

  public AssetFileDescriptor openFd(String name) throws IOException {
    return new AssetFileDescriptor(new FileInputStream(file), 4096, file.length() - 4096 - 64);
  }
}
