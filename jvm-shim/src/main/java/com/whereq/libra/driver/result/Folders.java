package com.whereq.libra.driver.result;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Removal of whole folders. */
public final class Folders {
  private static final Logger LOG = LoggerFactory.getLogger(Folders.class);
  private static final int ATTEMPTS = 5;

  private Folders() {}

  /** Makes the folder anew and answers what tells it from another of the same path. */
  static Object create(Path folder) throws IOException {
    delete(folder);
    Files.createDirectories(folder.getParent());
    Files.createDirectory(folder);
    return key(folder);
  }

  /** Removes the folder only when it still is the one that was made. */
  static void delete(Path folder, Object key) {
    try {
      if (Objects.equals(key, key(folder))) {
        delete(folder);
      }
    } catch (IOException e) {
      LOG.debug("The folder {} is gone already", folder);
    }
  }

  private static Object key(Path folder) throws IOException {
    return Files.readAttributes(folder, BasicFileAttributes.class).fileKey();
  }

  /** Never throws. Repeats: a task that is being stopped may still add a file meanwhile. */
  public static void delete(Path folder) {
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        deleteOnce(folder);
        return;
      } catch (IOException e) {
        if (attempt == ATTEMPTS) {
          LOG.warn("The folder {} could not be removed: {}", folder, e.toString());
        }
      }
    }
  }

  private static void deleteOnce(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure)
              throws IOException {
            if (failure instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw failure;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, IOException failure)
              throws IOException {
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
