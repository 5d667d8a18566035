package com.whereq.libra.driver.job;

import com.whereq.libra.driver.DriverProtocol.ResultSummary;

/** The work of one job, of whatever kind. */
public interface JobBody {
  /** On the job's thread, from its first step to its result. */
  ResultSummary run() throws Exception;

  /**
   * Asks for the end of what an interrupt of the job's thread does not reach. Called again and
   * again while the thread lives, from the canceller's thread; must not wait.
   */
  default void stop() {}

  /** Stops what still writes a result and removes what was written; from any thread. */
  void discard();
}
