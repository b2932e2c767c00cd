variable "nixos_system" {
  type        = string
  description = "The store path of the system to activate."
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

variable "ssh_private_key" {
  type        = string
  description = "The text of the private key to log in with; \"-\" for those of ssh itself and its agent."
  default     = "-"
  sensitive   = true
}

variable "ignore_systemd_errors" {
  type        = bool
  description = "Whether units that fail are only a warning. Otherwise the machine goes back to the system before."
  default     = false
}

variable "install_bootloader" {
  type        = bool
  description = "Whether an update installs the boot loader anew (NIXOS_INSTALL_BOOTLOADER=1)."
  default     = false
}
