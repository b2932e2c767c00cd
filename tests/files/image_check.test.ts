import { assertMatch, assertRejects } from "@std/assert";
import { UsageError } from "../../lib/errors.ts";
import { checkImage, IMAGE_FILES } from "../../lib/files/image_check.ts";
import { parseImage } from "../../lib/plan/image.ts";
import { Folder, sh } from "./fixture.ts";

/** An image, packed as its name says; `change` changes the folder that is packed. */
async function image(
  folder: Folder,
  name = "image.tar.gz",
  change: (kexec: string) => void = () => {},
): Promise<string> {
  for (const file of IMAGE_FILES) folder.write(`kexec/${file}`, file, 0o755);
  change(folder.at("kexec"));
  await sh('cd "$1" && tar --auto-compress -cf "$2" kexec', folder.path, name);
  return folder.at(name);
}

const check = (location: string, sha256?: string) => checkImage(parseImage(location), sha256);

for (const name of ["a.tar", "a.tar.gz", "a.tgz", "a.tar.xz", "a.tar.zst"]) {
  const program = { xz: "xz", zst: "zstd" }[name.split(".").at(-1) ?? ""] ?? "tar";
  const here =
    (await new Deno.Command("sh", { args: ["-c", `command -v ${program}`] }).output()).success;
  Deno.test({
    name: `checkImage() takes an image in ${name.replace("a", "")}`,
    ignore: !here,
    fn: async () => {
      using folder = new Folder();
      await check(await image(folder, name));
    },
  });
}

Deno.test("checkImage() takes an image that was packed with ./ before its names", async () => {
  using folder = new Folder();
  await image(folder);
  await sh('cd "$1" && tar -cf dot.tar ./kexec', folder.path);
  await check(folder.at("dot.tar"));
});

Deno.test("checkImage() wants the SHA-256 that is asked for", async () => {
  using folder = new Folder();
  const path = await image(folder);
  const digest = (await sh('sha256sum <"$1"', path)).slice(0, 64);
  await check(path, digest);
  const error = await assertRejects(() => check(path, "0".repeat(64)), UsageError);
  assertMatch(error.message, new RegExp(`its SHA-256 is ${digest}, not 0{64}$`));
});

for (const file of IMAGE_FILES) {
  Deno.test(`checkImage() refuses an image without kexec/${file}`, async () => {
    using folder = new Folder();
    const path = await image(folder, "a.tar", (kexec) => Deno.removeSync(`${kexec}/${file}`));
    const error = await assertRejects(() => check(path), UsageError);
    assertMatch(error.message, new RegExp(`is no usable kexec image: it holds no kexec/${file}$`));
  });
}

Deno.test("checkImage() refuses an image that is cut off, damaged or empty", async () => {
  using folder = new Folder();
  const path = await image(folder);
  const bytes = Deno.readFileSync(path);
  for (
    const part of [bytes.slice(0, -20), bytes.slice(0, 100), new Uint8Array(0), bytes.slice(1)]
  ) {
    const error = await assertRejects(() => check(folder.write("cut.tar.gz", part)), UsageError);
    assertMatch(error.message, /is no usable kexec image: (the archive is damaged|it holds no)/);
  }
});

Deno.test("checkImage() refuses members that lead out of the image's folder", async () => {
  using folder = new Folder();
  const outside = [
    ["a link to /", (kexec: string) => Deno.symlinkSync("/etc", `${kexec}/link`)],
    ["a link upwards", (kexec: string) => Deno.symlinkSync("../../etc", `${kexec}/link`)],
  ] as const;
  for (const [, change] of outside) {
    const path = await image(folder, "a.tar", change);
    await assertRejects(() => check(path), UsageError, "kexec/link");
    Deno.removeSync(folder.at("kexec/link"));
  }
  folder.write("etc/passwd");
  await sh('cd "$1" && tar -cf more.tar kexec etc', folder.path);
  await assertRejects(() => check(folder.at("more.tar")), UsageError, "etc");
  await sh('cd "$1/kexec" && tar -P -cf ../up.tar ../etc/passwd', folder.path);
  await assertRejects(() => check(folder.at("up.tar")), UsageError, "../etc/passwd");
});
