terraform {
  required_providers {
    null = {
      source = "hashicorp/null"
    }
  }
}

locals {
  arguments = jsonencode({
    nixos_system          = var.nixos_system
    target_host           = var.target_host
    target_user           = var.target_user
    target_port           = var.target_port
    ignore_systemd_errors = var.ignore_systemd_errors
    install_bootloader    = var.install_bootloader
    pins                  = "${abspath(path.root)}/.nixos-anywhere"
  })
}

resource "null_resource" "nixos-rebuild" {
  triggers = {
    store_path = var.nixos_system
  }

  provisioner "local-exec" {
    # No shell: the program is the last of these words.
    interpreter = ["deno", "run", "--quiet", "-A", "--config", "${path.module}/../deno.json"]
    command     = "${path.module}/../programs/nixos_rebuild.ts"
    environment = {
      ARGUMENTS = local.arguments
      SSH_KEY   = var.ssh_private_key == null ? "" : var.ssh_private_key
    }
  }
}
