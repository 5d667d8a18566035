package com.whereq.libra.driver.jar;

import java.nio.file.Path;

/**
 * A jar as it may run on a shared driver.
 *
 * @param hash of the jar that it was made of
 * @param mainClass from the manifest, or null
 * @param classPath of the manifest, which is not followed; or null
 */
record RewrittenJar(String hash, Path file, String mainClass, String classPath) {}
