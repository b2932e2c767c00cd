import { assertEquals } from "@std/assert";
import { attempt, condition } from "./condition.ts";

condition("installer", "runs already (control)", async () => {
  const { code, stderr } = await attempt({ inInstaller: true });
  assertEquals(code, 0, stderr);
});
