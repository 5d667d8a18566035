import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** An element of a document, and where it begins. */
export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
  readonly line: number;
}

/** The text is no document that is read here. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly line: number;

  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

type RawNode = Record<string | symbol, unknown>;

const METADATA = XMLParser.getMetaDataSymbol() as unknown as symbol;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  captureMetaData: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

/** The root of the document. What could make it mean more than it says is refused. */
export const parseXml = (xml: string): Element => {
  refuse(xml, /<!DOCTYPE/i, 'a DOCTYPE is not accepted');
  refuse(xml, /&/, 'entities such as &amp; are not accepted');
  const valid = XMLValidator.validate(xml);
  if (valid !== true) throw new XmlError(valid.err.line, valid.err.msg);
  const root = elementsOf(parsed(xml), xml)[0];
  if (root === undefined) throw new XmlError(1, 'there is no element');
  return root;
};

/** Names that JavaScript has for itself, such as constructor, are refused without a line. */
const parsed = (xml: string): unknown => {
  try {
    return parser.parse(xml);
  } catch (error) {
    const name = /"([^"]+)"/.exec((error as Error).message)?.[1] ?? '';
    throw new XmlError(lineAt(xml, xml.indexOf(name)), `the name "${name}" cannot be read`);
  }
};

/** Wherever it stands but in a comment. */
const refuse = (xml: string, what: RegExp, rule: string): void => {
  const bare = xml.replaceAll(/<!--[\s\S]*?-->/g, (comment) => comment.replaceAll(/[^\n]/g, ' '));
  const at = bare.search(what);
  if (at >= 0) throw new XmlError(lineAt(xml, at), rule);
};

const lineAt = (xml: string, index: number): number => xml.slice(0, index).split('\n').length;

const elementsOf = (nodes: unknown, xml: string): readonly Element[] =>
  (nodes as readonly RawNode[]).flatMap((node) => {
    const tag = Object.keys(node).find((key) => key !== ':@');
    if (tag === undefined || tag === '#text') return [];
    const inner = node[tag] as readonly RawNode[];
    const start = (node[METADATA] as { startIndex?: number } | undefined)?.startIndex ?? 0;
    return [
      {
        tag,
        attributes: (node[':@'] ?? {}) as Record<string, string>,
        children: elementsOf(inner, xml),
        text: inner.map((child) => (child['#text'] as string | undefined) ?? '').join(''),
        line: lineAt(xml, start),
      },
    ];
  });
