/** One column as Spark names it: `type` is the simple string, such as `decimal(38,18)`. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
}

/** What travels inline with a job: the text of the first rows and the counts of what is stored. */
export interface ResultSummary {
  readonly text: string;
  /** Null for code, whose text is what it printed. */
  readonly columns: readonly Column[] | null;
  readonly rowCount: number | null;
  /** The inline text is shorter than what is stored. */
  readonly truncated: boolean;
  /** False when the storage limit cut the result. */
  readonly complete: boolean;
  /** Bytes in the result store. */
  readonly byteCount: number;
}

/** A record batch inside a chunk file: an encapsulated Arrow IPC message. */
export interface StoredBatch {
  readonly offset: number;
  readonly length: number;
  readonly rowCount: number;
}

/** One partition's rows: a file of record batch messages, without schema and without end mark. */
export interface StoredChunk {
  readonly index: number;
  readonly file: string;
  readonly rowOffset: number;
  readonly rowCount: number;
  readonly byteCount: number;
  readonly batches: readonly StoredBatch[];
}

/** Digits of floating-point text: Java prints the shortest since version 19, before it often did not. */
export const FLOAT_STYLES = ['SHORTEST', 'LEGACY'] as const;
export type FloatStyle = (typeof FLOAT_STYLES)[number];

/**
 * `manifest.json` of a result folder, written last: a folder without a whole one is an unfinished
 * result. Beside it lie the chunk files; `arrowSchema` + chunks in order + the end mark are a valid Arrow IPC stream.
 */
export interface ResultManifest {
  readonly version: 1;
  readonly columns: readonly Column[];
  /** Spark's own JSON of the struct type: Arrow cannot say everything that Spark can. */
  readonly sparkSchema: string;
  /** The Arrow schema message in base64: a file of its own would cost small results a third more. */
  readonly arrowSchema: string;
  /** The session's time zone: timestamps are shown in it. */
  readonly timeZone: string;
  /** How the driver's Java prints floats and doubles: text made later must not differ from the inline one. */
  readonly floatStyle: FloatStyle;
  readonly rowCount: number;
  readonly byteCount: number;
  readonly complete: boolean;
  readonly chunks: readonly StoredChunk[];
}
