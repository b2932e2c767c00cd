variable "attribute" {
  type        = string
  description = "What is built: `flake#attribute`, or an attribute path in `file`."
}

variable "file" {
  type        = string
  description = "A nix file that has the attributes, instead of a flake."
  default     = null
}

variable "nix_options" {
  type        = map(string)
  description = "Options for nix. They become a part of the state: access tokens are better in a netrc file, or in NIX_CONFIG."
  default     = {}
  sensitive   = true
}

variable "special_args" {
  type        = any
  description = "Arguments for the modules of a flake's configuration, by extendModules."
  default     = {}
}

variable "debug_logging" {
  type        = bool
  description = "Whether every command and all output is shown."
  default     = false
}
