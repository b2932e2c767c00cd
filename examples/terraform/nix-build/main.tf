terraform {
  required_providers {
    external = {
      source = "hashicorp/external"
    }
  }
}

data "external" "nix-build" {
  program = [
    "deno", "run", "--quiet", "-A", "--config", "${path.module}/../deno.json",
    "${path.module}/../programs/nix_build.ts",
  ]
  # An external data source has strings only: what is more is JSON in them.
  query = {
    attribute     = var.attribute
    file          = var.file == null ? "" : var.file
    nix_options   = jsonencode(var.nix_options)
    special_args  = jsonencode(var.special_args)
    debug_logging = tostring(var.debug_logging)
  }
}
