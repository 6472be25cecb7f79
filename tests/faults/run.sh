#!/bin/bash
# Plants each deliberate fault of faults.txt in the library, alone, and runs a fast part of the tests, which must turn red.
# Prints each fault and the test that caught it. Last line: "faults: N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset FASTATTN_TIER FASTATTN_THREADS

# Tests that together look at every rule and take seconds; the long scans are for the whole suite.
fast='FullyQualifiedName~ContractTests.AnyShapeAndOptions|FullyQualifiedName~ContractTests.HeadsOwn|FullyQualifiedName~ContractTests.TheTolerance'
fast+='|FullyQualifiedName~AdversarialTests.SomeRows|FullyQualifiedName~DefinedEdgeTests|FullyQualifiedName~NonFiniteTests.A'
fast+='|FullyQualifiedName~RandomProjectionTests|FullyQualifiedName~HardRowsTests'
fast+='|FullyQualifiedName~SoftmaxEdgeTests.Scores|FullyQualifiedName~SoftmaxAttentionTests.Agrees|FullyQualifiedName~SoftmaxAttentionTests.EveryKind|FullyQualifiedName~SoftmaxAttentionTests.Long|FullyQualifiedName~GaussianAttentionTests.Equal'
fast+='|FullyQualifiedName~GaussianAttentionTests.ABias|FullyQualifiedName~LandmarkChoiceTests|FullyQualifiedName~SkyformerTests.Agrees|FullyQualifiedName~SkyformerTests.Dependent|FullyQualifiedName~SkyformerTests.WithoutLandmarks|FullyQualifiedName~ThreadCountTests.MoreThreads'
fast+='|FullyQualifiedName~GridTests.EveryGrid|FullyQualifiedName~GridTests.OnePair|FullyQualifiedName~GridTests.Steep'
fast+='|FullyQualifiedName~PositionKindTests|FullyQualifiedName~SmoothSearchTests|FullyQualifiedName~TailSearchTests|FullyQualifiedName~StatedTailsTests'
fast+='|FullyQualifiedName~TailMethodsTests.UnequalLengths|FullyQualifiedName~TailMethodsTests.Loud|FullyQualifiedName~TailMethodsTests.RowsThat|FullyQualifiedName~FarErrorsTests|FullyQualifiedName~MachineCostsTests.ADamaged'
fast+='|FullyQualifiedName~ToeplitzPlanTests.Columns_of_any_norm|FullyQualifiedName~ToeplitzPlanTests.A_column_of_zeros|FullyQualifiedName~ToeplitzPlanTests.What_is_not|FullyQualifiedName~FastRpbTests.AnyProblem|FullyQualifiedName~FastRpbTests.Loud'
fast+='|FullyQualifiedName~SchoenbatTests.AnyShape|FullyQualifiedName~SchoenbatTests.HardRows|FullyQualifiedName~SchoenbatTests.Gamma|FullyQualifiedName~MaclaurinFeaturesTests'

# The library alone is compiled for each fault; the tests are taken as they are and given the faulty library.
dotnet build tests/FastAttn.Tests -c Release -clp:ErrorsOnly -nologo -v:quiet &&
    dotnet build tests/faults/FastAttn.Faults -c Release -clp:ErrorsOnly -nologo -v:quiet &&
    dotnet tests/faults/FastAttn.Faults/bin/Release/net10.0/FastAttn.Faults.dll \
        "$root/src/FastAttn" "$root/src/FastAttn/obj" tests/faults/faults.txt "$work/built" ||
    { echo "faults: 0 passed, 1 failed"; exit 1; }
cp -r tests/FastAttn.Tests/bin/Release/net10.0 "$work/tests"
# The first test that fails is enough.
sed -i 's/{/{ "stopOnFail": true,/' "$work/tests/xunit.runner.json"

passed=0 failed=0
report() {
    printf '%-46s %s\n' "$2" "$3"
    if [ "$1" = ok ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
run_tests() {
    cp "$1/FastAttn.dll" "$work/tests/FastAttn.dll"
    timeout 10m dotnet test "$work/tests/FastAttn.Tests.dll" --nologo --filter "$fast" >"$work/log" 2>&1
}

if run_tests "$work/built/none"; then
    report ok "no fault" "all green: $(grep -oE 'Passed: *[0-9]+' "$work/log" | tail -1)"
else
    tail -30 "$work/log"
    report bad "no fault" "FAILED: the library must be green before faults mean anything"
fi
for folder in $(find "$work/built" -mindepth 1 -maxdepth 1 -name '[0-9]*' | sort -V); do
    name=$(cat "$folder/name")
    if [ -f "$folder/error" ]; then
        report bad "$name" "FAILED: $(cat "$folder/error")"
    elif run_tests "$folder"; then
        report bad "$name" "FAILED: no test noticed"
    else
        caught=$(sed -nE 's/^\[xUnit\.net [0-9:.]+\] *FastAttn\.Tests\.(.*) \[FAIL\]$/\1/p' "$work/log" | head -1)
        if [ -n "$caught" ]; then
            report ok "$name" "caught by $caught"
        else
            report bad "$name" "FAILED: the tests did not finish: $(tail -1 "$work/log")"
        fi
    fi
done
echo "faults: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
