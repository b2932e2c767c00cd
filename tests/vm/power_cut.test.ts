/** A machine that goes away for good while its installer is waited for. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { BootError, connect, type ReportEvent, runKexec, uploadKexec } from "../../mod.ts";
import { assertNothingLeft } from "./checks.ts";
import { missingPackages } from "./images.ts";
import { openFixture } from "./fixture.ts";

const DEADLINE = 8000;

Deno.test({
  name: "runKexec() throws a BootError, silent, when its deadline is over and the machine is off",
  ignore: (await missingPackages()).length > 0,
  fn: async () => {
    await using fixture = await openFixture();
    const { machine } = fixture;
    let announced = 0;
    const report = (event: ReportEvent) => {
      if (event.type !== "output" || !event.line.includes("machine will boot")) return;
      announced = performance.now();
      machine.powerOff();
    };
    await fixture.within(async () => {
      await using target = await connect(`root@${machine.host}`, {
        port: machine.port,
        identityFile: fixture.identity,
        sshOptions: fixture.sshOptions,
        report,
      });
      const image = await uploadKexec(target, { image: fixture.images.kexecTarball });
      const error = await assertRejects(
        () => runKexec(target, image, { port: machine.port, timeout: DEADLINE }),
        BootError,
        "went away and did not come back as the installer",
      );
      assertEquals(error.outcome, "silent");
      const took = performance.now() - announced;
      assert(took < DEADLINE + 5000, `${took} ms`);
      console.log(`given up ${(took / 1000).toFixed(1)} s after the power cut`);
    });
    await assertNothingLeft(fixture);
  },
});
