package com.whereq.libra.driver.jar;

import scala.util.control.ControlThrowable;

/**
 * Unwinds a thread of a program that has ended. Neither {@code catch (Exception)} nor {@code catch
 * (Error)} nor Scala's {@code NonFatal} sees it, so that code seldom stands in its way; what does
 * meets the next one at its next step.
 */
final class ProgramEnd extends ControlThrowable {
  private static final long serialVersionUID = 1L;

  private ProgramEnd() {
    super("the program has ended");
  }

  /** Never returns; the answer lets callers say so. */
  static RuntimeException raise() {
    return throwAny(new ProgramEnd());
  }

  /** It is no Exception, and what calls a check declares nothing. */
  @SuppressWarnings("unchecked")
  private static <T extends Throwable> RuntimeException throwAny(Throwable thrown) throws T {
    throw (T) thrown;
  }
}
