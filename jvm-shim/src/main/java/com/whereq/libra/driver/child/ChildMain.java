package com.whereq.libra.driver.child;

import com.whereq.libra.driver.DriverHost;
import com.whereq.libra.driver.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver host in a process of its own. spark-submit starts it; one line on its standard input
 * says which socket leads to the server. It lives as long as that connection does.
 */
public final class ChildMain {
  private static final Logger LOG = LoggerFactory.getLogger(ChildMain.class);

  /**
   * @param token says to the server that this is the process that it has started
   * @param folder what the process may leave behind is in here; it is gone when the server is
   */
  record Invitation(String socket, String token, String folder) {}

  private ChildMain() {}

  public static void main(String[] args) {
    ServerConnection connection;
    ChildEnd end;
    try {
      Invitation invitation = invitation(System.in);
      // Of users' code, whoever reads meets the end of the input.
      System.setIn(InputStream.nullInputStream());
      end = new ChildEnd(foldersOf(invitation));
      connection = ServerConnection.open(invitation.socket(), invitation.token());
    } catch (Exception e) {
      LOG.error("The driver has no way to its server: {}", e.toString());
      System.exit(1);
      return;
    }
    EventSocket events = new EventSocket(connection);
    DriverHost host = new DriverHost(events);
    ParentWatch.start(connection::close);
    connection.readLines(host::request);
    end.run(host, events);
  }

  /** The socket lies in another folder where the path of this one is too long for one. */
  private static Set<Path> foldersOf(Invitation invitation) {
    return new HashSet<>(
        List.of(Path.of(invitation.folder()), Path.of(invitation.socket()).getParent()));
  }

  static Invitation invitation(InputStream input) throws IOException {
    BufferedReader lines = new BufferedReader(new InputStreamReader(input, StandardCharsets.UTF_8));
    String line = lines.readLine();
    if (line == null) {
      throw new IOException("its standard input ended before it said where the server is");
    }
    return Json.MAPPER.readValue(line, Invitation.class);
  }
}
