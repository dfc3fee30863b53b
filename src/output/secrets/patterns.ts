// Formats of secrets beside those of secretlint's preset: what it lacks, and what it takes only with the right
// neighbours. Each pattern is linear, or bounded where it repeats: a stranger's text is matched against it.

export interface Pattern {
  name: string;
  /** With the flag `d`, the first group is the secret; without, all of the match is. */
  find: RegExp;
}

/** Where a token may begin: not within a word. ASCII alone, because files are read as latin1. */
const START = '(?<![A-Za-z0-9])';
const token = (name: string, source: string): Pattern => ({ name, find: new RegExp(START + source, 'g') });
/** The secret alone, of a match that needs its neighbours. */
const part = (name: string, source: string, flags = 'dgi'): Pattern => ({ name, find: new RegExp(source, flags) });

/** What stands where a password will be put, and nothing else: a password may begin like it. */
const PLACEHOLDER = `(?!\\[secret|(?:${[
  String.raw`\$?\{{1,2}[^}\s]{1,60}\}{1,2}`,
  String.raw`\$\([^)\s]{1,60}\)|<[^>\s]{1,60}>|%[sdv]|%[a-z_]{2,40}%`,
  String.raw`\*+|x{3,}|\.{3}|password|passwd|pass|pwd|secret|token`,
].join('|')})(?:[@"'\\s;]|$))`;

// Source: gitleaks, config/gitleaks.toml at b58d3f1 (July 2026), made wider in length: what follows a token, and how long
// one is, changes more often than how it begins. Not in it, and not checked against a source: those of OpenRouter,
// Langfuse, xAI, Replicate, Supabase and Tailscale, whsec_, ya29. and 1//0.
export const PATTERNS: readonly Pattern[] = [
  // platform.openai.com, console.anthropic.com, openrouter.ai, langfuse.com: all begin with sk-.
  token('sk- with a vendor', 'sk-(?:ant|proj|svcacct|admin|None|or|lf)-[A-Za-z0-9_-]{12,}'),
  token('sk-', 'sk-[A-Za-z0-9]{32,}'),
  token('GitHub', '(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{36,})'),
  token('GitLab', 'gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|soat|ffct|oas)-[A-Za-z0-9_.-]{16,}'),
  // docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
  token('AWS key id', '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])'),
  part(
    'AWS secret beside its id',
    '(?:AKIA|ASIA)[A-Z0-9]{16}[^A-Za-z0-9/+]{1,20}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])',
    'dg',
  ),
  part(
    'AWS secret by name',
    String.raw`secret_?(?:access_?)?key["'\s\\]{0,6}(?:[:=]|=>)["'\s\\]{0,6}([a-z0-9/+]{40})(?![a-z0-9/+])`,
  ),
  token('AWS session', '(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9/+=]{50,}'),
  token('Google API key', 'AIza[A-Za-z0-9_-]{35}'),
  token('Google OAuth', String.raw`(?:GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,}|1//0[A-Za-z0-9_-]{40,})`),
  part('Google private key id', String.raw`"private_key_id\\?"\s{0,5}:\s{0,5}\\?"([a-f0-9]{40})`),
  token('Slack', '(?:xox[abceoprsd]|xapp|xwfp)-[A-Za-z0-9-]{10,}'),
  token('npm', 'npm_[A-Za-z0-9]{36,}'),
  token('Stripe', '(?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,}'),
  token('webhook', 'whsec_[A-Za-z0-9+/]{24,}={0,2}'),
  token('Hugging Face', '(?:hf_[A-Za-z]{30,}|api_org_[A-Za-z]{30,}|hf_[A-Za-z0-9]{34,})'),
  // RFC 7519; the last part is empty where it is not signed, and several where it is encrypted (RFC 7516).
  token('JWT', String.raw`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]{6,}){1,3}`),
  // RFC 3986, 3.2.1: the password alone, in whatever scheme. Databases are such, too.
  part('password in a URL', String.raw`://[^\s:@/?#"'<>\\]{0,200}:${PLACEHOLDER}([^\s@/"'<>\\]{1,200})@[a-z0-9[]`),
  part(
    'password of a connection',
    String.raw`(?:server|data source|host|addr|user id|uid|user|username)\s?=[^\n"']{0,300}?[;\s](?:password|pwd)\s?=\s?${PLACEHOLDER}([^;\s"'\\]{3,200})`,
  ),
  part('Azure storage', 'AccountKey=([a-z0-9+/]{60,90}={0,2})'),
  token('Azure client secret', String.raw`[A-Za-z0-9_~.]{3}\dQ~[A-Za-z0-9_~.-]{31,34}`),
  // RFC 6750, RFC 7617
  part(
    'Authorization',
    String.raw`authorization["'\\]{0,3}\s{0,3}[:=]\s{0,3}["'\\]{0,3}(?:bearer|basic|token|apikey)\s{1,3}([a-z0-9._~+/=-]{12,})`,
  ),
  part('Bearer', String.raw`\bbearer\s{1,3}([a-z0-9._~+/-]{24,}={0,2})`),
  token('DigitalOcean', 'do[opr]_v1_[a-f0-9]{64}'),
  token('Groq, xAI, Perplexity', '(?:gsk_|xai-|pplx-)[A-Za-z0-9]{40,}'),
  token('Replicate', 'r8_[A-Za-z0-9]{37}'),
  token('PyPI', 'pypi-[A-Za-z0-9_-]{50,}'),
  token('Telegram', '[0-9]{8,10}:AA[A-Za-z0-9_-]{32,}'),
  token('SendGrid', String.raw`SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`),
  token('Twilio', '(?:SK|AC)[0-9a-f]{32}(?![0-9a-f])'),
  token('Vault', String.raw`hv[sbr]\.[A-Za-z0-9_-]{24,}`),
  token('Linear, Notion', '(?:lin_(?:api|oauth)_|ntn_)[A-Za-z0-9]{30,}'),
  token('Atlassian', 'ATATT3[A-Za-z0-9_=-]{50,}'),
  token('Sentry', '(?:sntrys|sntryu)_[A-Za-z0-9+/=_-]{40,}'),
  token('Tailscale', 'tskey-[a-z]{2,12}-[A-Za-z0-9-]{16,}'),
  token('Supabase, Postman, New Relic', '(?:sbp_[a-f0-9]{40}|PMAK-[a-f0-9]{24}-[a-f0-9]{34}|NRAK-[A-Za-z0-9]{27})'),
  token(
    'Fly, Doppler',
    String.raw`(?:fo1_[A-Za-z0-9_-]{43}|fm[12][ar]?_[A-Za-z0-9+/]{60,}={0,3}|dp\.pt\.[A-Za-z0-9]{40,})`,
  ),
  token('RubyGems, Pulumi, ReadMe', '(?:rubygems_[a-f0-9]{48}|pul-[a-f0-9]{40}|rdme_[a-z0-9]{70})'),
  token('Brevo, Sourcegraph', '(?:xkeysib-[a-f0-9]{64}|sgp_(?:[a-fA-F0-9]{16}_|local_)?[a-fA-F0-9]{40})'),
  token(
    'Square, EasyPost, Artifactory',
    '(?:sq0[a-z]{3}-[A-Za-z0-9_-]{22,60}|EZ[AT]K[A-Za-z0-9]{54}|AKCp[A-Za-z0-9]{69})',
  ),
  token('age', 'AGE-SECRET-KEY-1[A-Z0-9]{58}'),
  part(
    'npm configuration',
    String.raw`:_(?:authToken|password|auth)\s{0,3}=\s{0,3}["']?${PLACEHOLDER}([^\s"'\\]{8,200})`,
  ),
];

/**
 * How tokens begin that a display has cut short: the whole is not there, and its beginning is not to be shown either.
 * At the end of a text, or before an ellipsis (`\xe2\x80\xa6` is one, read as latin1).
 */
const CUT = String.raw`(?=(?:…|\xe2\x80\xa6|\.{3})|["'\x60)\]}]{0,3}\s{0,3}$)`;
export const CUT_PATTERNS: readonly Pattern[] = [
  token(
    'cut',
    `(?:sk-(?:ant|proj|svcacct|admin|or)-|gh[pousr]_|github_pat_|glpat-|xox[abeoprs]-|xapp-|(?:sk|rk)_(?:live|test)_|AIza|GOCSPX-|gsk_|xai-|pplx-|whsec_|dop_v1_|pypi-|hvs\\.|ya29\\.)[A-Za-z0-9_.-]{2,200}?${CUT}`,
  ),
  token('cut, less telling', `(?:npm_|hf_|sk-|r8_|ntn_|SG\\.)(?=[A-Za-z]{0,80}[A-Z0-9])[A-Za-z0-9]{4,100}${CUT}`),
  part(
    'cut AWS secret',
    String.raw`(?:secret_?(?:access_?)?key["'\s\\]{0,6}(?:[:=]|=>)["'\s\\]{0,6}|(?:AKIA|ASIA)[A-Z0-9]{16}[^a-z0-9/+]{1,20})([a-z0-9/+]{6,39})${CUT}`,
  ),
  token('cut AWS', `(?:AKIA|ASIA)[A-Z0-9]{3,15}${CUT}`),
  token('cut JWT', `eyJ[A-Za-z0-9_-]{6,2000}(?:\\.[A-Za-z0-9_-]{0,4000}){0,2}${CUT}`),
  part(
    'cut password in a URL',
    String.raw`://[^\s:@/?#"'<>\\]{1,200}:(?!\d{1,5}\b)${PLACEHOLDER}([^\s@/"'<>\\]{3,200})${CUT}`,
  ),
  part('cut bearer', String.raw`\bbearer\s{1,3}(?=[a-z._~+/=-]{0,400}\d)([a-z0-9._~+/=-]{4,400}?)${CUT}`),
];

/** What only looks like a secret, for `strict`: what follows a telling word. */
export const STRICT_PATTERNS: readonly Pattern[] = [
  part(
    'after a telling word',
    String.raw`(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|auth)["'\x60\\]{0,3}\s{0,5}(?:[:=]|=>|\sis\s)\s{0,5}["'\x60\\]{0,3}(?!\[secret)([^\s"'\x60,;\\]{4,200})`,
  ),
];

/** Runs that may be random; `looksRandom` decides. */
export const RANDOM_RUN = /[A-Za-z0-9+/_=-]{24,}/g;
