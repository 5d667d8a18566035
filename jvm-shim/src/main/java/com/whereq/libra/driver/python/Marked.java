package com.whereq.libra.driver.python;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Processes that carry a mark in their environment: whose parent is gone, who have left every group
 * and session, they are found by it.
 */
record Marked(String variable, String value) {
  private static final Logger LOG = LoggerFactory.getLogger(Marked.class);
  private static final int ROUNDS = 200;
  private static final long PAUSE_MILLIS = 10;

  /** Ends all of them; who is killed may have forked a moment before. */
  void killAll() {
    for (int round = 0; round < ROUNDS; round++) {
      List<ProcessHandle> found = living();
      if (found.isEmpty()) {
        return;
      }
      found.forEach(ProcessHandle::destroyForcibly);
      try {
        Thread.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
    LOG.warn("Processes with {}={} do not end", variable, value);
  }

  /** None where the system has no /proc. */
  private List<ProcessHandle> living() {
    List<ProcessHandle> found = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : all) {
        if (isOurs(process)) {
          ProcessHandle.of(Long.parseLong(process.getFileName().toString())).ifPresent(found::add);
        }
      }
    } catch (IOException e) {
      LOG.debug("No process can be found by its mark: {}", e.toString());
    }
    return found;
  }

  private boolean isOurs(Path process) {
    try {
      // Of a zombie nothing can be read.
      byte[] environment = Files.readAllBytes(process.resolve("environ"));
      String text = "\0" + new String(environment, StandardCharsets.UTF_8) + "\0";
      return text.contains("\0" + variable + "=" + value + "\0");
    } catch (IOException e) {
      return false;
    }
  }
}
