import type { Problem } from '../domain/errors.ts';
import type { Identity } from '../domain/identity.ts';
import type { JobRequest } from '../domain/job.ts';
import type { ProgramFile } from '../domain/program.ts';
import { RESOURCE_SETTINGS } from '../domain/spark-settings.ts';
import type { FileStore } from '../store/store.ts';
import { AllowedPlaces, type PlacesOptions } from './allowed-places.ts';
import { hasControl } from './file-name.ts';
import { checkJar } from './jar-check.ts';
import { LocalFiles } from './local-files.ts';
import { type Field, notUsable, outsideRoots, schemeForbidden } from './refusals.ts';
import { isFileId, UploadedFiles } from './uploaded-files.ts';

export interface ProgramFilesOptions extends PlacesOptions {
  readonly store: FileStore;
  /** Where uploaded files lie: a folder for each id. */
  readonly filesDir: string;
  /** Of URIs that jobs may name. */
  readonly schemes: readonly string[];
}

type Settings = Readonly<Record<string, string>>;

/** Each is looked up on the disk. */
const MOST_RESOURCES = 200;

const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/;

/** Finds what jobs name as files, within what they may name, and looks at what it found. */
export class ProgramFiles {
  readonly #schemes: readonly string[];
  readonly #roots: readonly string[];
  readonly #local: LocalFiles;
  readonly #uploaded: UploadedFiles;

  constructor(options: ProgramFilesOptions) {
    this.#schemes = options.schemes.map((scheme) => scheme.toLowerCase().replace(/:$/, ''));
    this.#roots = options.roots;
    this.#local = new LocalFiles(new AllowedPlaces(options));
    this.#uploaded = new UploadedFiles(options.store, options.filesDir);
  }

  /** Throws the Problem that says why a job cannot have it. */
  locate(identity: Identity, filePath: string): Promise<ProgramFile> {
    return this.#locate(identity, filePath, 'filePath');
  }

  /** What can be said against a program before its job exists. */
  async check(request: JobRequest, program: ProgramFile): Promise<void> {
    await this.#requireLocalScheme(program, request.sparkConfig, 'filePath');
    checkExtension(request, program);
    if (request.kind !== 'python-file' && program.local) await checkJar(request, program.location);
  }

  /** The settings with each file that they name found by the same rules. */
  async resolveSettings(identity: Identity, settings: Settings): Promise<Record<string, string>> {
    const resolved: Record<string, string> = { ...settings };
    for (const key of RESOURCE_SETTINGS) {
      const value = settings[key];
      if (value === undefined) continue;
      const entries = value.split(',').map((entry) => entry.trim());
      if (entries.length > MOST_RESOURCES) throw tooMany(key, entries.length);
      const found: string[] = [];
      for (const entry of entries.filter((one) => one !== '')) {
        found.push(await this.#resolveEntry(identity, settings, entry, `sparkConfig.${key}`));
      }
      resolved[key] = found.join(',');
    }
    return resolved;
  }

  async #resolveEntry(
    identity: Identity,
    settings: Settings,
    entry: string,
    field: Field,
  ): Promise<string> {
    // Behind the # stands the name that an archive or file gets for the program.
    const [path = '', alias, ...more] = entry.split('#');
    if (more.length > 0 || (alias !== undefined && !/^[\w.-]+$/.test(alias))) {
      throw notUsable(
        field,
        `${entry} is no file.`,
        'accepts a path or URI with one #name at most',
      );
    }
    if (!path.startsWith('/') && !SCHEME.test(path) && !isFileId(path)) {
      throw notUsable(
        field,
        `${entry} is no absolute path, no URI and no fileId.`,
        'accepts absolute paths, URIs and ids of uploaded files, separated by commas',
      );
    }
    const program = await this.#locate(identity, path, field);
    await this.#requireLocalScheme(program, settings, field);
    return alias === undefined ? program.location : `${program.location}#${alias}`;
  }

  async #locate(identity: Identity, name: string, field: Field): Promise<ProgramFile> {
    if (isFileId(name)) return this.#locateUpload(identity, name, field);
    const scheme = SCHEME.exec(name)?.[1]?.toLowerCase() ?? null;
    if (scheme !== null && scheme !== 'file') return this.#locateUri(name, scheme, field);
    const location =
      scheme === 'file'
        ? await this.#local.findUri(name, field)
        : await this.#local.find(name, field);
    if (await this.#uploaded.mayName(identity, location)) return { location, local: true };
    throw outsideRoots(field, this.#roots);
  }

  async #locateUpload(identity: Identity, id: string, field: Field): Promise<ProgramFile> {
    const file = await this.#uploaded.find(identity, id);
    if (file === null) {
      throw notUsable(
        field,
        `There is no uploaded file ${id}.`,
        'accepts the id of a file of yours',
      );
    }
    return { location: await this.#local.stored(this.#uploaded.pathOf(file), field), local: true };
  }

  #locateUri(uri: string, scheme: string, field: Field): ProgramFile {
    if (!this.#schemes.includes(scheme)) throw schemeForbidden(field, scheme, this.#schemes);
    // A comma would make two files of it.
    if (!uri.slice(scheme.length + 1).startsWith('/') || hasControl(uri) || /[\s,]/.test(uri)) {
      throw notUsable(
        field,
        `${uri} is no URI of one file.`,
        'accepts a URI with a path, without spaces and commas',
      );
    }
    return { location: scheme + uri.slice(scheme.length), local: false };
  }

  /** `local:` is a path on the machine of the driver: in client mode that is this one. */
  async #requireLocalScheme(program: ProgramFile, settings: Settings, field: Field): Promise<void> {
    if (!program.location.startsWith('local:')) return;
    if (settings['spark.submit.deployMode'] === 'cluster') return;
    await this.#local.requireInside(program.location.replace(/^local:(\/\/)?/, ''), field);
  }
}

const tooMany = (key: string, count: number): Problem =>
  notUsable(
    `sparkConfig.${key}`,
    `${key} names ${count} files.`,
    `accepts up to ${MOST_RESOURCES} files`,
  );

const checkExtension = (request: JobRequest, program: ProgramFile): void => {
  const [path = ''] = program.location.split(/[?#]/);
  const wanted = request.kind === 'python-file' ? '.py' : '.jar';
  // Spark knows Python by its small letters, and takes everything else for a jar.
  const name = wanted === '.py' ? path : path.toLowerCase();
  if (name.endsWith(wanted)) return;
  throw notUsable(
    'filePath',
    `A file for the kind "${request.kind}" has a name that ends with ${wanted}: Spark goes by it.`,
    `accepts a ${wanted} file`,
  );
};
