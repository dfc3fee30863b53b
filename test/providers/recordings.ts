// What the real CLIs printed, kept in test/fixtures/recordings, and the reading of it.
import { readdirSync, readFileSync } from 'node:fs';
import { emptyFold, type FoldState, foldLine } from '../../src/providers/fold.js';
import type { Provider } from '../../src/providers/provider.js';

const FOLDER = new URL('../fixtures/recordings/', import.meta.url);

export function recording(provider: Provider, file: string): string {
  return readFileSync(new URL(`${provider.name}/${file}`, FOLDER), 'utf8');
}

/** The recordings of a CLI's stdout. */
export function stdoutRecordings(provider: Provider): string[] {
  return readdirSync(new URL(`${provider.name}/`, FOLDER)).filter((file) => /\.(?:jsonl|stdout)$/.test(file));
}

/** The state after the first `count` lines of a recording; after all of them by default. */
export function foldRecording(provider: Provider, file: string, count?: number): FoldState {
  return foldLines(provider, recording(provider, file).split('\n').slice(0, count));
}

export function foldLines(provider: Provider, lines: readonly string[]): FoldState {
  return lines.reduce((state, line) => foldLine(provider, state, line), emptyFold());
}

/** The same lookup the engine makes before it parses a line. */
export function hasNeedle(provider: Provider, line: string): boolean {
  return provider.needles.some((needle) => line.includes(needle));
}
