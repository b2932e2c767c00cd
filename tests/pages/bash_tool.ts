/**
 * The pages of the bash tool's documentation and their sections, by the words of their titles.
 *
 * @module
 */

/** The sections of each page. */
export const BASH_TOOL: Readonly<Record<string, readonly string[]>> = {
  "README": ["Overview", "Prerequisites", "How to use nixos-anywhere", "Related Tools"],
  "System Requirements": [
    "Source Machine",
    "Destination Machine",
    "Direct Boot Option",
    "Alternative Boot Options",
  ],
  "Quickstart": [
    "Introduction",
    "Enable Flakes",
    "Initialize a Flake",
    "Configure your SSH key",
    "Configure Storage",
    "Lock your Flake",
    "Connectivity to the Target Machine",
    "Test your NixOS and Disko configuration",
    "Prepare Hardware Configuration",
    "nixos-facter",
    "Run it",
    "Finished",
  ],
  "Installing on a machine with no operating system": [
    "Installing on a machine with no operating system",
  ],
  "Kexec on systems with limited RAM": ["How it works", "Usage example", "Trade-off"],
  "Copying files to the new installation": [
    "Simple Example",
    "Programmatic Example",
    "Ownership",
    "Symbolic Links",
    "Hard Links",
  ],
  "Using your own kexec image": ["Using your own kexec image"],
  "Repair installations without wiping data": ["Repair installations without wiping data"],
  "Secrets and full disk encryption": [
    "Decrypting an OpenSSH Host Key with pass",
    "Uploading Disk Encryption Secrets",
    "Using existing SSH host keys",
  ],
  "Use without flakes": [
    "Download your favourite disk layout",
    "Get a hardware-configuration.nix",
    "Set NixOS version to use",
    "Write a NixOS configuration",
    "Build and deploy with nixos-anywhere",
    "Generate Required Store Paths",
    "Generating NixOS System Toplevel",
    "Generating Disk Image without Dependencies",
    "Running NixOS-Anywhere",
  ],
  "Terraform": ["Terraform", "all-in-one", "install", "nix-build", "nixos-rebuild"],
  "Nix-channels / `NIX_PATH`": ["Solution 1", "Solution 2"],
  "IPv6-only targets": ["IPv6-only targets"],
  "Reference": ["Command Line Usage", "Explanation of known error messages"],
};
