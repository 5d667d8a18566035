package com.whereq.libra.driver.result;

import java.nio.file.Path;
import java.util.function.LongConsumer;

/** What is asked of a result: where it goes, how large it may be, how much of it travels inline. */
public record ResultSpec(
    Path folder, long maxBytes, boolean failOnOverflow, int rowLimit, LongConsumer onRows) {}
