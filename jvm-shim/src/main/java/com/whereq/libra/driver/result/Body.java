package com.whereq.libra.driver.result;

import scala.runtime.AbstractFunction0;
import scala.runtime.BoxedUnit;

/** Work that Scala runs for us. */
interface Body {
  void run() throws Exception;

  /** Scala's functions declare no exceptions, and wrapping would hide the cause from Spark. */
  static AbstractFunction0<BoxedUnit> asFunction(Body body) {
    return new AbstractFunction0<>() {
      @Override
      public BoxedUnit apply() {
        try {
          body.run();
        } catch (Exception e) {
          throw Body.<RuntimeException>sneaky(e);
        }
        return BoxedUnit.UNIT;
      }
    };
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> E sneaky(Throwable thrown) throws E {
    throw (E) thrown;
  }
}
