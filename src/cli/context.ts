// What every subcommand is, and what it gets.

/** One option, as util.parseArgs takes it, and what help and completion say of it. */
export interface Option {
  type: 'boolean' | 'string';
  short?: string;
  multiple?: boolean;
  about: string;
  /** What stands for its value in help. */
  value?: string;
  /** What its value may be, for completion: words, or a kind of thing that is looked up. */
  of?: readonly string[] | 'provider' | 'folder' | 'file';
}
export type Options = Readonly<Record<string, Option>>;

/** One subcommand; it returns the exit status. */
export interface Command {
  (argv: string[], context: CommandContext): Promise<number>;
  /** Absent for one that explains itself. */
  readonly options?: Options;
  /** What its help says after the options. */
  readonly notes?: string;
}

export interface CommandContext {
  env: NodeJS.ProcessEnv;
  stdout(text: string): void;
  stderr(text: string): void;
  /** Resolves once all of stdout has been written: the reader may be slow, or the disk full. */
  flushed(): Promise<void>;
  /** Asks the person at the terminal; undefined where there is none. */
  ask?: ((question: string) => Promise<string>) | undefined;
}
