/** The version of this module; the package's settings say the same, and a test holds them together. */
export const VERSION = "0.1.0";
