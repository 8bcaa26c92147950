"""What schedules a whole pipeline: one folder per flavor."""
