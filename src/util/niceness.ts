/**
 * How far Spark stands behind the event loop, in the system's niceness: a third of the weight of an
 * ordinary thread. The loop needs little. A tenth (10) starved the driver for a minute beside two
 * busy programs of the same machine.
 */
export const NICENESS = 5;
