// Secrets that are known by their value: those of this server's own environment, and of its configuration.

/** Shorter ones would be found in ordinary text. */
const VALUE_MIN_CHARS = 8;
const NAME =
  /SECRET|PASSWORD|PASSWD|PASSPHRASE|TOKEN(?!S|IZ)|CREDENTIAL|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|(?:^|_)(?:KEY|PASS|PAT|AUTH|DSN)(?:_?\d+)?$/i;
/** What such a name ends in if it tells of a secret, but holds none. */
const NOT_ONE =
  /_(?:FILES?|PATH|DIR|SOCK|HOME|URL|URI|TYPE|MODE|NAME|LIMIT|COUNT|TTL|EXPIRY|EXPIRES\w*|ENABLED|HELPER\w*|TTL_MS|TIMEOUT\w*)$|^(?:OLD)?PWD$/i;
/** Of a form without its first and last characters, which depend on the neighbours. */
const CORE_MIN_CHARS = 12;

/** The values of variables that are named like credentials. */
export function credentialsIn(env: Readonly<Record<string, string | undefined>>): string[] {
  const found = Object.entries(env).filter(
    ([name, value]) => NAME.test(name) && !NOT_ONE.test(name) && isSecret(value),
  );
  return [...new Set(found.map(([, value]) => (value as string).trim()))];
}

/** No figure, no switch, no single short word (`postgres`): those would be masked wherever anybody speaks of them. */
function isSecret(value: string | undefined): boolean {
  const text = value?.trim() ?? '';
  return text.length >= VALUE_MIN_CHARS && !isWord(text) && !/^(?:\d{1,11}|(.)\1*)$/.test(text);
}

/** A single short word, in which there is no secret either: it would have to be one itself. */
export function isWord(text: string): boolean {
  return /^[A-Za-z][a-z]{1,10}$/.test(text);
}

/**
 * A value in each form in which it may be printed, longest first: as it is, as latin1 reads its UTF-8, for a URL, and as
 * base64, whatever stands before it.
 */
export function formsOf(value: string): string[] {
  const bytes = Buffer.from(value);
  const forms = [value, bytes.toString('latin1'), encoded(value), JSON.stringify(value).slice(1, -1)];
  for (const before of [0, 1, 2]) {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    // The characters that hold bits of what stands around it.
    const core = text.slice([0, 2, 3][before], (before + bytes.length) % 3 === 0 ? undefined : -1);
    if (core.length >= CORE_MIN_CHARS) forms.push(core, core.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

function encoded(value: string): string {
  try {
    return encodeURIComponent(value);
  } catch {
    return value;
  }
}
