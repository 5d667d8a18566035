package com.whereq.libra.driver;

import com.whereq.libra.driver.pool.FairSchedulerXml;
import com.whereq.libra.driver.result.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A temporary folder for the life of one SparkContext: its warehouse and its pools. */
record DriverFolder(Path root) {
  static DriverFolder create(List<DriverProtocol.Pool> pools) throws IOException {
    DriverFolder folder = new DriverFolder(Files.createTempDirectory("libra-driver-"));
    Files.writeString(folder.fairScheduler(), FairSchedulerXml.of(pools));
    return folder;
  }

  Path fairScheduler() {
    return root.resolve("fairscheduler.xml");
  }

  Path warehouse() {
    return root.resolve("warehouse");
  }

  Path python() {
    return root.resolve("python");
  }

  /** Rewritten jars; made when there is the first. */
  Path programs() {
    return root.resolve("programs");
  }

  void delete() {
    Folders.delete(root);
  }
}
