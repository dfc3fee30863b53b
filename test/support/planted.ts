// A repository with planted faults, and what reviewers say of them: two that overlap, one file and one line that are none.
import { repositoryAt, type TestRepository } from './repository.js';

const CART = [
  'export function total(items) {',
  '  let sum = 0;',
  '  for (let i = 0; i < items.length; i++) sum += items[i].price;',
  '  return sum;',
  '}',
  '',
];
const SESSION = ['export function isValid(token, known) {', '  return timingSafeEqual(token, known);', '}', ''];
const CALLER = [
  "import { total } from './cart.js';",
  '',
  'export const shown = (items) => total(items).toFixed(2);',
  '',
];

/** Makes the repository in a folder that is there, with the changes not committed. */
export async function plantFaults(folder: string): Promise<TestRepository> {
  const repository = repositoryAt(folder);
  repository.git('init', '-q', '-b', 'main');
  await repository.commit({
    'src/cart.js': CART.join('\n'),
    'src/session.js': SESSION.join('\n'),
    'src/page.js': CALLER.join('\n'),
  });
  await repository.write({
    // One step too far.
    'src/cart.js': CART.join('\n').replace('i < items', 'i <= items'),
    // Compared in a time that tells.
    'src/session.js': SESSION.join('\n').replace('timingSafeEqual(token, known)', 'token == known'),
    'src/new.js': 'export const later = () => fetch("/x");\n',
  });
  return repository;
}

export const LOOP = 'for (let i = 0; i <= items.length; i++)';

export interface Said {
  findings: { file: string; line: number; severity: string; claim: string; evidence: string }[];
}

const finding = (file: string, line: number, severity: string, claim: string, evidence: string) => ({
  ...{ file, line, severity, claim, evidence },
});

/** One reviewer sees both faults. */
export const FIRST: Said = {
  findings: [
    finding('src/cart.js', 3, 'major', 'Off-by-one: the loop reads items[items.length], which is undefined.', LOOP),
    finding(
      'src/session.js',
      2,
      'minor',
      'The token is compared in a time that tells how much of it is right.',
      'token == known',
    ),
  ],
};
/** Another sees one of them, a caller that breaks, and what is not there. */
export const SECOND: Said = {
  findings: [
    finding('src/cart.js', 3, 'critical', 'The loop runs one step too far and reads undefined.', 'i <= items.length'),
    finding('src/page.js', 3, 'major', 'total() throws now, and nobody here catches it.', 'total(items).toFixed(2)'),
    finding('src/basket.js', 1, 'major', 'There is no such file.', 'x'),
    finding('src/cart.js', 300, 'nit', 'There is no such line.', 'x'),
  ],
};
export const NOTHING_FOUND: Said = { findings: [] };
