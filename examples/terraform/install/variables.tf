variable "nixos_partitioner" {
  type        = string
  description = "The store path of the disko script."
  default     = ""
}

variable "nixos_system" {
  type        = string
  description = "The store path of the system."
  default     = ""
}

variable "flake" {
  type        = string
  description = "The flake and the NixOS configuration in it, instead of store paths."
  default     = ""
}

variable "target_host" {
  type        = string
  description = "The machine: a name, an address, or an alias of the ssh config."
}

variable "target_user" {
  type        = string
  description = "The user to log in as."
  default     = "root"
}

variable "target_port" {
  type        = number
  description = "The ssh port."
  default     = 22
}

variable "target_pass" {
  type        = string
  description = "The password to log in with."
  default     = null
  sensitive   = true
}

variable "ssh_private_key" {
  type        = string
  description = "The text of the private key to log in with. By default those of ssh itself and its agent."
  default     = ""
  sensitive   = true
}

variable "kexec_tarball_url" {
  type        = string
  description = "The kexec image of the installer: a URL or a file. By default the published one for the target."
  default     = null
}

variable "debug_logging" {
  type        = bool
  description = "Whether every command and all output is shown."
  default     = false
}

variable "phases" {
  type        = set(string)
  description = "The phases to run, whatever order they are written in."
  default     = ["kexec", "disko", "install", "reboot"]

  validation {
    condition     = length(setsubtract(var.phases, ["kexec", "disko", "install", "reboot"])) == 0
    error_message = "Use some of kexec, disko, install and reboot."
  }
}

variable "copy_host_keys" {
  type        = bool
  description = "Whether the new system keeps the ssh host keys of the machine."
  default     = false
}

variable "build_on_remote" {
  type        = bool
  description = "Whether the system is built on the target."
  default     = false
}

variable "extra_files_script" {
  type        = string
  description = "An executable that writes files into its current folder: they are copied to / of the new system."
  default     = null
}

variable "disk_encryption_key_scripts" {
  type = list(object({
    path   = string
    script = string
  }))
  description = "Executables, and where what each prints is on the target while the disks are formatted."
  default     = []
}

variable "extra_environment" {
  type        = map(string)
  description = "Variables of the environment of the scripts."
  default     = {}
  sensitive   = true
}

variable "nix_options" {
  type        = map(string)
  description = "Options for nix. They become a part of the state: access tokens are better in a netrc file, or in NIX_CONFIG."
  default     = {}
  sensitive   = true
}

variable "nixos_generate_config_path" {
  type        = string
  description = "A file here that nixos-generate-config writes the hardware configuration of the target to."
  default     = ""
}

variable "nixos_facter_path" {
  type        = string
  description = "A file here that nixos-facter writes the hardware report of the target to."
  default     = ""
}

variable "stop_after_disko" {
  type        = bool
  description = "Deprecated: leave install and reboot out of `phases`."
  default     = false
}

variable "no_reboot" {
  type        = bool
  description = "Deprecated: leave reboot out of `phases`."
  default     = false
}

variable "instance_id" {
  type        = string
  description = "Names the instance: where it changes, the machine is installed anew."
  default     = null
}
