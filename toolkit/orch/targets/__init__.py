"""Where single steps run that do not run on this machine: one module for each flavor, and the contract that they share."""
