// Secrets that are none: put together at test time from a seed, so that no scanner of this repository's host cries.
import { scan } from '../../src/output/secrets/scan.js';
import type { Scan } from '../../src/output/secrets/scanner.js';

/** Scans without a thread, which stands beside the built program alone. */
export const inlineScan: Scan = async ({ texts, options }) => texts.map((text) => scan(text, options));

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const LOWER = UPPER.toLowerCase();
const DIGITS = '0123456789';
const ALNUM = UPPER + LOWER + DIGITS;
const HEX = `${DIGITS}abcdef`;

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface Planted {
  name: string;
  /** As a CLI might print it. */
  printed: string;
  /** What must not be seen of it: pieces of so many characters that are its own. */
  secret: string;
}

/** One of each format. */
export function plantedSecrets(seed: number): Planted[] {
  const random = randomFrom(seed);
  const of = (alphabet: string, length: number) =>
    Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
  const base64 = (length: number) => of(`${ALNUM}+/`, length);
  const url = (length: number) => of(`${ALNUM}_-`, length);
  const token = (name: string, prefix: string, body: string): Planted => ({
    name,
    printed: prefix + body,
    secret: body,
  });
  const key = (kind: string, lines: number) => {
    const body = `MII${base64(61)}\n${Array.from({ length: lines }, () => `${base64(64)}\n`).join('')}${base64(30)}==`;
    const label = `${kind}PRIVATE KEY`;
    return { text: `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`, body };
  };
  const rsa = key('RSA ', 24);
  const gcp = key('', 25);
  const ed = base64(64);
  const aws = of(`${UPPER}234567`, 16);
  const awsSecret = base64(40);
  const awsCsv = base64(40);
  const jwt = `${url(40)}.eyJ${url(80)}.${url(43)}`;
  const password = of(ALNUM, 18);
  const database = of(ALNUM, 20);
  const mongo = of(ALNUM, 20);
  const ado = of(ALNUM, 20);
  const bearer = url(44);
  return [
    token('OpenAI', 'sk-', `${of(ALNUM, 20)}T3BlbkFJ${of(ALNUM, 20)}`),
    token('OpenAI project', 'sk-proj-', `${url(74)}T3BlbkFJ${url(73)}a`),
    token('OpenAI, other length', 'sk-proj-', `${url(47)}a`),
    token('Anthropic', 'sk-ant-', `api03-${url(93)}AA`),
    token('OpenRouter', 'sk-or-v1-', of(HEX, 64)),
    token('GitHub', 'ghp_', of(ALNUM, 36)),
    token('GitHub server', 'ghs_', of(ALNUM, 36)),
    token('GitHub fine-grained', 'github_pat_', `${of(ALNUM, 22)}_${of(ALNUM, 59)}`),
    token('GitLab', 'glpat-', `${url(19)}b`),
    { name: 'AWS key id', printed: `AKIA${aws}`, secret: aws },
    { name: 'AWS secret', printed: `aws_secret_access_key = ${awsSecret}`, secret: awsSecret },
    { name: 'AWS pair', printed: `ASIA${of(UPPER, 16)},${awsCsv}`, secret: awsCsv },
    token('Google', 'AIza', `Sy${url(32)}x`),
    token('Slack bot', 'xoxb-', `${of(DIGITS, 12)}-${of(DIGITS, 12)}-${of(ALNUM, 24)}`),
    token('Slack user', 'xoxp-', `${of(DIGITS, 12)}-${of(DIGITS, 12)}-${of(DIGITS, 12)}-${of(HEX, 32)}`),
    token('npm', 'npm_', of(ALNUM, 36)),
    token('Stripe', 'sk_live_', of(ALNUM, 24)),
    token('Hugging Face', 'hf_', of(`${UPPER}${LOWER}`, 34)),
    { name: 'JWT', printed: `eyJ${jwt}`, secret: jwt },
    { name: 'PEM', printed: rsa.text, secret: rsa.body },
    { name: 'PEM, short', printed: `-----BEGIN PRIVATE KEY-----\n${ed}\n-----END PRIVATE KEY-----`, secret: ed },
    {
      name: 'service account',
      printed: JSON.stringify({
        type: 'service_account',
        project_id: 'p',
        private_key_id: of(HEX, 40),
        private_key: `${gcp.text}\n`,
        client_email: 'a@p.iam.gserviceaccount.com',
      }),
      secret: gcp.body,
    },
    { name: 'password in a URL', printed: `https://deploy:${password}@git.example.net/x.git`, secret: password },
    { name: 'PostgreSQL', printed: `postgres://app:${database}@db.internal:5432/app`, secret: database },
    { name: 'MongoDB', printed: `mongodb+srv://app:${mongo}@cluster0.abc.mongodb.net/x?w=1`, secret: mongo },
    { name: 'ADO', printed: `Server=db;User Id=sa;Password=${ado};Database=x`, secret: ado },
    { name: 'Authorization', printed: `Authorization: Bearer ${bearer}`, secret: bearer },
  ];
}

/** The longest piece of a secret, of at least `min` characters, that a text shows; empty if there is none. */
export function shownOf(secret: string, text: string, min = 8): string {
  const lines = secret.split('\n');
  let longest = '';
  for (const line of lines) {
    for (let start = 0; start + min <= line.length; start += 1) {
      let length = Math.max(min, longest.length + 1);
      while (start + length <= line.length && text.includes(line.slice(start, start + length))) {
        longest = line.slice(start, start + length);
        length += 1;
      }
    }
  }
  return longest;
}
