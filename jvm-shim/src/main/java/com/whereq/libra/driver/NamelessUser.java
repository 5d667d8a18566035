package com.whereq.libra.driver;

import com.sun.security.auth.module.UnixSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.security.UserGroupInformation;

/**
 * A user id without an entry among the users of this machine, as servers give them to drivers and
 * platforms give them to containers. Hadoop asks the system for the name and fails without one; so
 * it is told before it asks.
 */
final class NamelessUser {
  private NamelessUser() {}

  static void giveName() throws IOException {
    if (new UnixSystem().getUsername() == null) {
      String name = "uid-" + Files.getAttribute(Path.of("/proc/self"), "unix:uid");
      System.setProperty("user.name", name);
      UserGroupInformation.setLoginUser(UserGroupInformation.createRemoteUser(name));
    }
  }
}
