import type { Data, RecordBatch } from 'apache-arrow';
import type { ResultManifest } from '../domain/result.ts';
import type { Cell } from './cell.ts';
import { fieldNames, jsonColumn } from './json-cell.ts';
import { parseSparkSchema } from './spark-type.ts';
import { textColumn } from './text-cell.ts';
import type { TextFormat } from './text-stream.ts';

/** The columns of a batch are the children of one struct. */
const bound = <T>(batch: RecordBatch, columns: readonly ((data: Data) => T)[]): readonly T[] =>
  columns.map((bind, index) => bind(batch.data.children[index] as Data));

const textColumns = ({ sparkSchema, timeZone, floatStyle }: ResultManifest) =>
  parseSparkSchema(sparkSchema).map((field) => textColumn(field.type, timeZone, floatStyle));

const jsonColumns = ({ sparkSchema }: ResultManifest) =>
  parseSparkSchema(sparkSchema).map((field) => jsonColumn(field.type));

/** `{ schema, rows: [[…]], nextOffset }`; the schema keeps column names that stand twice. */
export const jsonFormat = (manifest: ResultManifest, nextOffset: number | null): TextFormat => {
  const columns = jsonColumns(manifest);
  return {
    head: `{"schema":${JSON.stringify(manifest.columns)},"rows":[`,
    tail: `],"nextOffset":${nextOffset}}`,
    separator: ',',
    rows: (batch) => {
      const cells = bound(batch, columns);
      return (row) => {
        let text = '';
        for (const cell of cells) text += text === '' ? cell(row) : `,${cell(row)}`;
        return `[${text}]`;
      };
    },
  };
};

/**
 * One object a row, keyed by column name. A name that stands twice gets the suffix that it has in
 * the Arrow form, because most readers would keep the last of them only.
 */
export const ndjsonFormat = (manifest: ResultManifest): TextFormat => {
  const columns = jsonColumns(manifest);
  return {
    head: '',
    tail: '',
    separator: '',
    rows: (batch) => {
      const labels = fieldNames(batch.data).map((name) => `${JSON.stringify(name)}:`);
      const cells = bound(batch, columns);
      return (row) => {
        let text = '';
        for (let i = 0; i < cells.length; i++) {
          text += `${i === 0 ? '' : ','}${labels[i]}${cells[i]?.(row)}`;
        }
        return `{${text}}\n`;
      };
    },
  };
};

const csvText = (text: string): string =>
  text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

const csvLine = (cells: readonly Cell[], row: number): string => {
  let line = '';
  for (let i = 0; i < cells.length; i++) {
    const text = (cells[i] as Cell)(row);
    line += (i === 0 ? '' : ',') + (text === null ? '' : csvText(text));
  }
  return `${line}\r\n`;
};

/** RFC 4180 with a header; NULL is nothing between the commas, an empty string is `""`. */
export const csvFormat = (manifest: ResultManifest): TextFormat => {
  const columns = textColumns(manifest);
  const header = manifest.columns.map(({ name }) => csvText(name)).join(',');
  return {
    head: columns.length === 0 ? '' : `${header}\r\n`,
    tail: '',
    separator: '',
    rows: (batch) => {
      const cells = bound(batch, columns);
      return (row) => csvLine(cells, row);
    },
  };
};

/** The text of the inline result: `Schema: struct<…>`, an empty line, and a line for each row. */
export const plainFormat = (manifest: ResultManifest): TextFormat => {
  const columns = textColumns(manifest);
  const fields = manifest.columns.map(({ name, type }) => `${name}:${type}`).join(',');
  return {
    head: `Schema: struct<${fields}>\n\n`,
    tail: '',
    separator: '',
    rows: (batch) => {
      const cells = bound(batch, columns);
      return (row) => {
        let line = '';
        for (let i = 0; i < cells.length; i++) {
          line += (i === 0 ? '' : ',') + ((cells[i] as Cell)(row) ?? 'null');
        }
        return `[${line}]\n`;
      };
    },
  };
};
