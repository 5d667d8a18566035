package com.whereq.libra.driver.child;

import com.whereq.libra.driver.DriverHost;
import com.whereq.libra.driver.result.Folders;
import java.nio.file.Path;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the process ends once its server is gone: in order if that is quick, and hard otherwise. */
final class ChildEnd {
  private static final Logger LOG = LoggerFactory.getLogger(ChildEnd.class);
  private static final long PATIENCE_MILLIS = 5000;
  private static final long FOLDER_MILLIS = 1000;

  private final Set<Path> folders;

  ChildEnd(Set<Path> folders) {
    this.folders = folders;
  }

  void run(DriverHost host, EventSocket events) {
    startHalter();
    try {
      if (!events.hasStopped()) {
        LOG.info("The server is gone: the driver ends");
        host.request("{\"request\":\"stop\"}");
        events.awaitStopped(PATIENCE_MILLIS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    removeFolders();
    endProcesses();
    // Spark's hooks remove what is left of its scratch files; users' hooks have until the halter.
    System.exit(0);
  }

  private void startHalter() {
    Thread halter =
        new Thread(
            () -> {
              sleep(PATIENCE_MILLIS);
              Thread remover = new Thread(this::removeFolders, "libra-remover");
              remover.setDaemon(true);
              remover.start();
              endProcesses();
              sleep(FOLDER_MILLIS);
              Runtime.getRuntime().halt(0);
            },
            "libra-halter");
    halter.setDaemon(true);
    halter.setPriority(Thread.MAX_PRIORITY);
    halter.start();
  }

  private static void endProcesses() {
    ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
  }

  private void removeFolders() {
    folders.forEach(Folders::delete);
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
