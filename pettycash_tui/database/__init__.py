"""Engine, transactions, migrations, constraints and triggers."""
