package android.content.res;

import java.io.Closeable;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import org.tensorflow.lite.Phone;

/** A part of an open file. */
public class AssetFileDescriptor implements Closeable {
  private final FileInputStream stream;
  private final long start;
  private final long length;

  AssetFileDescriptor(FileInputStream stream, long start, long length) {
    this.stream = stream;
    this.start = start;
    this.length = length;
    Phone.open("asset");
  }

  public FileDescriptor getFileDescriptor() {
    try {
      return stream.getFD();
    } catch (IOException error) {
      throw new IllegalStateException(error);
    }
  }

  public long getStartOffset() {
    return start;
  }

  public long getDeclaredLength() {
    return length;
  }

  @Override
  public void close() throws IOException {
    stream.close();
    Phone.close("asset");
  }
}
