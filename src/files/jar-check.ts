import { type FileHandle, open } from 'node:fs/promises';
import type { JobRequest } from '../domain/job.ts';
import { outlineOf } from './class-file.ts';
import { manifestOf } from './jar-manifest.ts';
import { notUsable } from './refusals.ts';
import { NotAZipError, type ZipEntry, zipContent, zipEntries } from './zip-directory.ts';

const MANIFEST = 'META-INF/MANIFEST.MF';
const MOST_MANIFEST = 1024 * 1024;
const MOST_CLASS = 16 * 1024 * 1024;
const VERSIONED = /^META-INF\/versions\/\d+\//;

/** Settings that bring classes from elsewhere: then the jar need not hold the main class. */
const MORE_CLASSES = [
  'spark.jars',
  'spark.jars.packages',
  'spark.driver.extraClassPath',
  'spark.driver.userClassPathFirst',
];

/** What can be said against a local jar before it runs. Throws the Problem that says it. */
export const checkJar = async (request: JobRequest, path: string): Promise<void> => {
  let handle: FileHandle | null = null;
  try {
    handle = await open(path, 'r');
    await check(request, handle);
  } catch (error) {
    throw refusalOf(request, error);
  } finally {
    await handle?.close();
  }
};

const refusalOf = ({ filePath }: JobRequest, error: unknown): unknown => {
  const accepted = 'accepts a jar, which is a zip archive';
  if (error instanceof NotAZipError) {
    return notUsable('filePath', `${filePath} is no jar: ${error.message}.`, accepted);
  }
  // It was there a moment ago.
  const gone = error instanceof Error && 'syscall' in error;
  return gone ? notUsable('filePath', `${filePath} cannot be read.`, accepted) : error;
};

const check = async (request: JobRequest, handle: FileHandle): Promise<void> => {
  const wanted = request.mainClass === null ? null : entryOf(request.mainClass);
  const found = await scan(handle, wanted);
  const manifest =
    found.manifest === null ? null : await zipContent(handle, found.manifest, MOST_MANIFEST);
  const attributes = manifestOf(manifest?.toString('utf8') ?? '');
  const named = request.mainClass ?? attributes.get('main-class') ?? null;
  if (named === null || named === '') {
    throw notUsable(
      'mainClass',
      'The manifest of the jar names no Main-Class: send mainClass.',
      'is needed, as the manifest of the jar names none',
    );
  }
  if (attributes.has('class-path') || MORE_CLASSES.some((key) => key in request.sparkConfig)) {
    return;
  }
  const entry = wanted === null ? (await scan(handle, entryOf(named))).main : found.main;
  const field = request.mainClass === null ? 'filePath' : 'mainClass';
  if (entry === null) {
    throw notUsable(field, `The jar has no class ${named}.`, 'accepts a class that is in the jar');
  }
  if (await lacksMain(handle, entry)) {
    throw notUsable(
      field,
      `The class ${named} has no public static void main(String[] args).`,
      'accepts a class with public static void main(String[] args)',
    );
  }
};

interface Found {
  readonly manifest: ZipEntry | null;
  readonly main: ZipEntry | null;
}

const scan = async (handle: FileHandle, main: string | null): Promise<Found> => {
  let found: Found = { manifest: null, main: null };
  for await (const entry of zipEntries(handle)) {
    // Java takes the manifest in either case.
    if (entry.name.toUpperCase() === MANIFEST) found = { ...found, manifest: entry };
    else if (entry.name.replace(VERSIONED, '') === main) found = { ...found, main: entry };
  }
  return found;
};

const entryOf = (className: string): string => `${className.replaceAll('.', '/')}.class`;

/**
 * Only where it is certain: a superclass may have the `main`, and a SparkApplication needs none.
 * A Scala object has one in the class without the $, unless that is a class of its own.
 */
const lacksMain = async (handle: FileHandle, entry: ZipEntry): Promise<boolean> => {
  const outline = outlineOf(await zipContent(handle, entry, MOST_CLASS));
  return (
    outline !== null &&
    !outline.hasMain &&
    outline.superName === 'java/lang/Object' &&
    outline.interfaces.every((name) => !name.startsWith('org/apache/spark/'))
  );
};
