// What every subcommand is, and what it gets.

/** One subcommand; it returns the exit status. */
export type Command = (argv: string[], context: CommandContext) => Promise<number>;

export interface CommandContext {
  env: NodeJS.ProcessEnv;
  stdout(text: string): void;
  stderr(text: string): void;
  /** Asks the person at the terminal; undefined where there is none. */
  ask?: ((question: string) => Promise<string>) | undefined;
}
