terraform {
  required_providers {
    null = {
      source = "hashicorp/null"
    }
  }
}

locals {
  # Everything but secrets, which have variables of the environment of their own.
  arguments = jsonencode({
    nixos_partitioner           = var.nixos_partitioner
    nixos_system                = var.nixos_system
    flake                       = var.flake
    target_host                 = var.target_host
    target_user                 = var.target_user
    target_port                 = var.target_port
    kexec_tarball_url           = var.kexec_tarball_url
    debug_logging               = var.debug_logging
    phases                      = var.phases
    copy_host_keys              = var.copy_host_keys
    build_on_remote             = var.build_on_remote
    extra_files_script          = var.extra_files_script
    disk_encryption_key_scripts = var.disk_encryption_key_scripts
    nix_options                 = var.nix_options
    nixos_generate_config_path  = var.nixos_generate_config_path
    nixos_facter_path           = var.nixos_facter_path
    stop_after_disko            = var.stop_after_disko
    no_reboot                   = var.no_reboot
    pins                        = "${abspath(path.root)}/.nixos-anywhere"
  })
}

resource "null_resource" "nixos-remote" {
  triggers = {
    instance_id = var.instance_id
  }

  provisioner "local-exec" {
    # No shell: the program is the last of these words.
    interpreter = ["deno", "run", "--quiet", "-A", "--config", "${path.module}/../deno.json"]
    command     = "${path.module}/../programs/install.ts"
    environment = merge(var.extra_environment, {
      ARGUMENTS       = local.arguments
      SSH_PRIVATE_KEY = var.ssh_private_key == null ? "" : var.ssh_private_key
      SSHPASS         = var.target_pass == null ? "" : var.target_pass
    })
  }

  lifecycle {
    precondition {
      condition     = var.nixos_generate_config_path == "" || var.nixos_facter_path == ""
      error_message = "nixos_generate_config_path and nixos_facter_path exclude each other."
    }
  }
}
