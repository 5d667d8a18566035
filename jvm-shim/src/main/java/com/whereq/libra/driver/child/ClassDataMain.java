package com.whereq.libra.driver.child;

import com.whereq.libra.driver.DriverHost;
import com.whereq.libra.driver.DriverProtocol;
import com.whereq.libra.driver.EventSink;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * A driver that lives for the classes that it loads: the JVM writes them into an archive when it
 * ends, and later drivers map that in place of loading each class. It takes its requests, one a
 * line, from its standard input: a start, then statements that run one after another.
 */
public final class ClassDataMain {
  /** The warm-up of a driver loads more classes, in the background. */
  private static final long WARM_UP_MILLIS = 5000;

  private ClassDataMain() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    BlockingQueue<DriverProtocol.Event> steps = new LinkedBlockingQueue<>();
    EventSink sink =
        events -> events.stream().filter(ClassDataMain::endsARequest).forEach(steps::add);
    DriverHost host = new DriverHost(sink);
    BufferedReader requests =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = requests.readLine(); line != null; line = requests.readLine()) {
      host.request(line);
      DriverProtocol.Event step = steps.take();
      if (step instanceof DriverProtocol.Ready) {
        Thread.sleep(WARM_UP_MILLIS);
      } else if (!(step instanceof DriverProtocol.Succeeded)) {
        System.err.println(step);
        Runtime.getRuntime().halt(1); // without an archive
      }
    }
    System.exit(0);
  }

  private static boolean endsARequest(DriverProtocol.Event event) {
    return event instanceof DriverProtocol.Ready
        || event instanceof DriverProtocol.StartFailed
        || event instanceof DriverProtocol.EndEvent;
  }
}
