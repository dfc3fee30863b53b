// What wire.mjs writes down.

export interface Message {
  id?: number | string;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
}

export type WireLine =
  | { from: 'client' | 'server'; message: Message }
  | { from: 'wire'; pid: number; serverPid: number };
