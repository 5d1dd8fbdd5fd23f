/** A day's load of a service, in requests a second, by the time of day from 0 to 1; the same each time. */
export interface Day {
  load: (time: number) => number;
  /** The hour in which nobody can tell. */
  isMissing: (time: number) => boolean;
}

export const TARGET = 100;

/** Spikes of five minutes: when, and how much comes on top. */
const SPIKES = [
  { at: 7 / 24, more: 250 },
  { at: 11.5 / 24, more: 400 },
  { at: 19 / 24, more: 300 },
] as const;
const SPIKE = 5 / (24 * 60);

/** From 140 in the night to 1,260 at midday, ± 4 % of noise, with spikes; from 15:00 to 16:00 there is no metric. */
export function day(random: () => number): Day {
  return {
    load: (time) => {
      const curve = 700 - 560 * Math.cos(2 * Math.PI * time);
      const spike = SPIKES.find(({ at }) => time >= at && time < at + SPIKE)?.more ?? 0;
      return curve * (1 + 0.08 * (random() - 0.5)) + spike;
    },
    isMissing: (time) => time >= 15 / 24 && time < 16 / 24,
  };
}
