import type { Command } from './context.js';
export const doctorCommand: Command = async () => 0;
