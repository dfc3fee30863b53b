// The code blocks of a page in docs/.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const pageText = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8');

/** The blocks of one language, in their order. */
export function blocks(page: string, language: string): string[] {
  return [...page.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)]
    .filter(([, , named]) => named === language)
    .map(([, indent = '', , text = '']) => text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}
