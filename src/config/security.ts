import { isIPv4 } from 'node:net';
import { parse as parseYaml } from 'yaml';
import type { Settings } from './assemble.ts';
import type { ConfigFault } from './config-error.ts';
import type { ConfigFiles } from './config-files.ts';
import { keyNamed } from './keys.ts';
import { type TokenConfig, tokens as tokensKind } from './tokens.ts';
import { REJECTED } from './values.ts';

export interface TokensFile {
  readonly tokens: readonly TokenConfig[];
  readonly faults: readonly ConfigFault[];
  readonly warnings: readonly string[];
}

const WORLD_READABLE = 0o004;

/** Reads the tokens of a file: a list, or a map whose `tokens` is one; YAML reads JSON as well. */
export const readTokensFile = (path: string | null, files: ConfigFiles): TokensFile => {
  if (path === null) return { tokens: [], faults: [], warnings: [] };
  const failed = (message: string): TokensFile => ({
    tokens: [],
    faults: [{ where: path, message }],
    warnings: [],
  });
  let content: unknown;
  try {
    const text = files.read(path);
    if (text === null) return failed('libra.security.tokens-file: there is no such file');
    content = parseYaml(text, { prettyErrors: false });
  } catch (error) {
    // The parser's message may quote a line of the file.
    const code = (error as { readonly code?: unknown }).code;
    return failed(`libra.security.tokens-file: cannot be read (${String(code ?? 'unknown')})`);
  }
  const list = Array.isArray(content) ? content : (content as { tokens?: unknown } | null)?.tokens;
  const tokens = tokensKind.parse(list);
  if (tokens === REJECTED) return failed(`expected ${tokensKind.accepts}`);
  const open = ((files.mode(path) ?? 0) & WORLD_READABLE) !== 0;
  const warning = `${path}: everyone on this machine can read the tokens file; chmod 600 it`;
  return { tokens, faults: [], warnings: open ? [warning] : [] };
};

export const isLoopback = (address: string): boolean => {
  const host = address.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
};

/** Why the server may not be opened to others, or null when it may. */
export const exposureFault = (settings: Settings, where: string): ConfigFault | null => {
  const { allowAnonymous, tokens } = settings.libra.security;
  const { address } = settings.server;
  if (isLoopback(address) || tokens.length > 0 || allowAnonymous) return null;
  return {
    where,
    message:
      `server.address ${address} lets others reach this server, and it runs the code that they ` +
      'send. Set libra.security.tokens or libra.security.tokens-file (LIBRA_SECURITY_TOKENS, ' +
      'LIBRA_SECURITY_TOKENS_FILE), or listen on 127.0.0.1; where another guard stands in front, ' +
      `libra.security.allow-anonymous: true (${keyNamed('libra.security.allow-anonymous').variable}=true) says that this is meant`,
  };
};

/** Users of their own keep nobody apart where everybody may use every session. */
export const runAsFault = (settings: Settings, where: string): ConfigFault | null => {
  const { allowAnonymous, tokens } = settings.libra.security;
  if (settings.libra.session.runAs.length === 0 || tokens.length > 0 || allowAnonymous) return null;
  return {
    where,
    message:
      'libra.session.run-as keeps sessions apart from each other, but without tokens everyone on ' +
      'this machine may use all of them, the code that runs in them included. Set ' +
      'libra.security.tokens or libra.security.tokens-file; libra.security.allow-anonymous: true ' +
      'says that this is meant',
  };
};

/** Two entries with one hash cannot be told apart. */
export const duplicateTokenFault = (
  tokens: readonly TokenConfig[],
  where: string,
): ConfigFault | null => {
  const hashes = new Set(tokens.map((token) => token.sha256));
  return hashes.size === tokens.length
    ? null
    : { where, message: 'libra.security.tokens: the same sha256 stands there twice' };
};
