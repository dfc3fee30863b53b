// Every page that people and assistants read, with its fenced blocks, its inline code and its links.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Paths from the root of the repository. */
export const PAGES: readonly string[] = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'plugin/README.md', 'plugin/skills/sidejob/SKILL.md'],
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

export interface Block {
  readonly page: string;
  /** Page and line, as a failure names it. */
  readonly where: string;
  /** Empty if none is named. */
  readonly language: string;
  readonly text: string;
}

const FENCED = /^( *)```(.*)\n([\s\S]*?)^ *```$/gm;

export const textOf = (page: string): string => readFileSync(join(ROOT, page), 'utf8');

export const BLOCKS: readonly Block[] = PAGES.flatMap((page) => {
  const whole = textOf(page);
  return [...whole.matchAll(FENCED)].map(({ index, 1: indent = '', 2: language = '', 3: text = '' }) => ({
    page,
    where: `${page}:${whole.slice(0, index).split('\n').length}`,
    language,
    text: text.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
});

/** Whether it is run, in the shell that it names. */
export const isShell = ({ language }: Block): boolean => language === 'sh' || language === 'bash';

/** The blocks of one page, in their order. */
export function blocksOf(page: string, language: string): string[] {
  return BLOCKS.filter((block) => block.page === page && block.language === language).map(({ text }) => text);
}

/** A page without its fenced blocks. */
export const proseOf = (page: string): string => textOf(page).replace(FENCED, '');

/** What stands between backticks in the prose, on one line each. */
export function inlineCode(page: string): string[] {
  return [...proseOf(page).matchAll(/(`+)([\s\S]*?[^`])\1(?!`)/g)].map(([, , code = '']) => code.replace(/\s+/g, ' '));
}

/** The targets of links and pictures. */
export function linksOf(page: string): string[] {
  const prose = proseOf(page).replace(/`[^`\n]*`/g, 'code');
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors that GitHub makes of a page's headings. */
export function anchorsOf(page: string): Set<string> {
  const titles = [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => title.toLowerCase());
  return new Set(titles.map((title) => title.replace(/[^\p{L}\p{N}_ -]/gu, '').replaceAll(' ', '-')));
}
